"""PyTensor without its C compiler: graphs are read here, not run fast."""

import os

os.environ.setdefault("PYTENSOR_FLAGS", "cxx=,mode=FAST_COMPILE")
