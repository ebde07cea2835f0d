"""What is no single answer: watches, logs, commands in containers, forwarded ports, proxied requests."""
