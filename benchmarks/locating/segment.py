"""The peer of the speed benchmark, run in its own environment: texts as JSON in, seconds of CPU time out."""

import json
import logging
import sys
import time

import jieba  # type: ignore[import-not-found]

jieba.setLogLevel(logging.WARNING)
jieba.initialize()
texts = json.load(sys.stdin)
start = time.process_time()
for text in texts:
    jieba.lcut(text)
print(time.process_time() - start)
