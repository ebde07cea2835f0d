"""The life of releases as flows: generators that yield Requests and Waits and never touch a cluster themselves."""
