"""REST under ``/api/v1``: what the command line does, over HTTP."""
