"""The HTTP service: FastAPI over one :class:`berm.Engine`. Nothing below it knows HTTP."""
