"""The peer of `benchmarks.bim`, in an environment of its own: ifcpatch's Ifc2Sql into SQLite, without geometry.

python ifc2sql.py MODEL.ifc DATABASE      prints one line of JSON: seconds by the clock and of CPU
"""

import json
import sys
import time

import ifcopenshell
from ifcpatch.recipes import Ifc2Sql

if __name__ == "__main__":
    begun, cpu = time.perf_counter(), time.process_time()
    recipe = Ifc2Sql.Patcher(ifcopenshell.open(sys.argv[1]), database=sys.argv[2], should_get_geometry=False)
    recipe.patch()
    print(json.dumps({"clock": time.perf_counter() - begun, "cpu": time.process_time() - cpu}))
