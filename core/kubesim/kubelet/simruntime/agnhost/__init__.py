"""agnhost, the image of the end-to-end tests: which servers its subcommands start, and what they answer.

# k8s: test/images/agnhost
"""
