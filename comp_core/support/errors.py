"""The one base of all errors whose message is meant for the user: it says what is wrong and what to do."""


class CompCoreError(Exception):
    """Something that the user can mend; the command line prints it as one sentence and exits with 2."""
