"""Models with their data, ready for ``astragal derive`` and ``astragal sample``."""
