"""The parse tree of a template; every node can say its position and write itself back as Go does."""

from kubesim.helm.template.quoting import quote


class Node:
    """A node at ``position`` (in characters from the start of the text)."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position

    def __str__(self) -> str:
        raise NotImplementedError


class Text(Node):
    """Literal text."""

    __slots__ = ("text",)

    def __init__(self, position: int, text: str) -> None:
        super().__init__(position)
        self.text = text

    def __str__(self) -> str:
        return self.text


class Block(Node):
    """A run of nodes."""

    __slots__ = ("nodes",)

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.nodes: list[Node] = []

    def __str__(self) -> str:
        return "".join(map(str, self.nodes))

    def is_empty(self) -> bool:
        """Whether it holds nothing but space."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.nodes)


class Dot(Node):
    """The cursor."""

    __slots__ = ()

    def __str__(self) -> str:
        return "."


class Nil(Node):
    """The constant nil."""

    __slots__ = ()

    def __str__(self) -> str:
        return "nil"


class Bool(Node):
    """true or false."""

    __slots__ = ("value",)

    def __init__(self, position: int, value: bool) -> None:
        super().__init__(position)
        self.value = value

    def __str__(self) -> str:
        return "true" if self.value else "false"


class Number(Node):
    """A number, stored as every type that can represent it; None where one cannot."""

    __slots__ = ("complex", "float", "integer", "text", "unsigned")

    def __init__(self, position: int, text: str) -> None:
        super().__init__(position)
        self.text = text
        self.integer: int | None = None
        self.unsigned: int | None = None
        self.float: float | None = None
        self.complex: complex | None = None

    def __str__(self) -> str:
        return self.text


class String(Node):
    """A string literal: as written, and its value."""

    __slots__ = ("quoted", "text")

    def __init__(self, position: int, quoted: str, text: str) -> None:
        super().__init__(position)
        self.quoted = quoted
        self.text = text

    def __str__(self) -> str:
        return self.quoted


class Identifier(Node):
    """The name of a function."""

    __slots__ = ("name",)

    def __init__(self, position: int, name: str) -> None:
        super().__init__(position)
        self.name = name

    def __str__(self) -> str:
        return self.name


class Variable(Node):
    """A variable and the fields behind it: the first of ``names`` begins with a dollar sign."""

    __slots__ = ("names",)

    def __init__(self, position: int, text: str) -> None:
        super().__init__(position)
        self.names = text.split(".")

    def __str__(self) -> str:
        return ".".join(self.names)


class Field(Node):
    """A chain of fields of the cursor."""

    __slots__ = ("names",)

    def __init__(self, position: int, text: str) -> None:
        super().__init__(position)
        self.names = text[1:].split(".")

    def __str__(self) -> str:
        return "".join([f".{name}" for name in self.names])


class Chain(Node):
    """A chain of fields of something else, mostly of a parenthesised pipeline."""

    __slots__ = ("names", "node")

    def __init__(self, position: int, node: Node) -> None:
        super().__init__(position)
        self.node = node
        self.names: list[str] = []

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join([f".{name}" for name in self.names])


class Command(Node):
    """An operand and its arguments."""

    __slots__ = ("arguments",)

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.arguments: list[Node] = []

    def __str__(self) -> str:
        return " ".join([f"({one})" if isinstance(one, Pipe) else str(one) for one in self.arguments])


class Pipe(Node):
    """A pipeline of commands, with the variables it declares or, if ``assigns``, sets."""

    __slots__ = ("assigns", "commands", "variables")

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.assigns = False
        self.variables: list[Variable] = []
        self.commands: list[Command] = []

    def __str__(self) -> str:
        declared = ", ".join(map(str, self.variables))
        if declared:
            declared += " = " if self.assigns else " := "
        return declared + " | ".join(map(str, self.commands))


class Action(Node):
    """A pipeline whose value is printed."""

    __slots__ = ("pipe",)

    def __init__(self, position: int, pipe: Pipe) -> None:
        super().__init__(position)
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class Branch(Node):
    """An if, with or range (``keyword``)."""

    __slots__ = ("body", "keyword", "otherwise", "pipe")

    def __init__(self, keyword: str, pipe: Pipe, body: Block, otherwise: Block | None) -> None:
        super().__init__(pipe.position)
        self.keyword = keyword
        self.pipe = pipe
        self.body = body
        self.otherwise = otherwise

    def __str__(self) -> str:
        otherwise = f"{{{{else}}}}{self.otherwise}" if self.otherwise is not None else ""
        return f"{{{{{self.keyword} {self.pipe}}}}}{self.body}{otherwise}{{{{end}}}}"


class Jump(Node):
    """A break, continue, else or end (``keyword``); the last two only bound blocks."""

    __slots__ = ("keyword",)

    def __init__(self, position: int, keyword: str) -> None:
        super().__init__(position)
        self.keyword = keyword

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


class Invocation(Node):
    """A template action."""

    __slots__ = ("name", "pipe")

    def __init__(self, position: int, name: str, pipe: Pipe | None) -> None:
        super().__init__(position)
        self.name = name
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{template {quote(self.name)}{f' {self.pipe}' if self.pipe is not None else ''}}}}}"


class Tree:
    """A parsed template: its name, the file and text it stands in, and its nodes."""

    __slots__ = ("file", "name", "root", "text")

    def __init__(self, name: str, file: str, text: str, root: Block) -> None:
        self.name = name
        self.file = file
        self.text = text
        self.root = root

    def context(self, node: Node) -> tuple[str, str]:
        """Where a node stands (FILE:LINE:COLUMN, columns in bytes) and how it reads."""
        before = self.text[: node.position]
        line_start = before.rfind("\n") + 1
        column = len(before[line_start:].encode("utf-8", "surrogateescape"))
        return f"{self.file}:{before.count(chr(10)) + 1}:{column}", str(node)
