# helper
import time

from common import HOLD_S

time.sleep(HOLD_S)  # <- here
