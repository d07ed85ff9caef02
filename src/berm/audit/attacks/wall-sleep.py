# id = "wall-sleep"
# title = "sleep for ever"
# guarantee = "wall_time"
# layers = ["watchdog"]
# source = ["limit: wall limit"]
# expect = ["wall_limit"]
# limits = { wall_time = 0.5 }
# bare = "user"
import time

time.sleep(3)
print("ESCAPED slept for 3 s under a limit of 0.5 s")
