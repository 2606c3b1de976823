"""Programs that speak to a speech service, each by the very request that its own code sends: docs/clients.md.

    wire            what goes over the wire, part by part, and Server-Sent Events as they come back
    conftest        the whole system without models, behind a token, with the origins that the document names

Each module follows one program; its docstring names the version whose code was read, and what that reads of an answer.
"""
