"""The table of laws stands beside the tests, which import it by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
