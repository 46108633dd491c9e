"""The places in libraries that the agent touches, one module each; `imports` says what such a module is made of."""
