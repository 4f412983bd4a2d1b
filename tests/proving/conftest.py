"""The typist is a plain module beside these tests, `proving.typist`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
