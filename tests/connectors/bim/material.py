"""Where the real models and BCF files are: none of them is part of the project."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("WARRANTY_HUB_IFC_DIR", Path(__file__).parents[4] / "shared" / "ifc"))
NEEDS_SHARED = pytest.mark.skipif(not SHARED.is_dir(), reason="the real models are not here (set WARRANTY_HUB_IFC_DIR)")
