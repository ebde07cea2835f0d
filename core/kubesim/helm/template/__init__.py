"""Go's text/template: lexer, parser, a compiler to closures, Go's value model and its fmt package."""
