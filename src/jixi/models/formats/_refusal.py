"""The one error of this room."""


class FormatError(ValueError):
    """A file is not what it should be, or no engine should read it; the message says why, in a few words."""
