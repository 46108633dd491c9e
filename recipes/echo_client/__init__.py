"""A client for the echo servers in every way that Python offers: one module a way.

Each has `exchange(address, messages)`, which returns the replies in the order of the
messages, the reply to each being as long as the message, and is a prompt when run as a
program: `python -m recipes.echo_client.blocking 9999`.
"""
