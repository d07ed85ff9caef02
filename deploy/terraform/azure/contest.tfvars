# The hours of a contest for 300 students: as many workers from the start as `berm plan` says, nothing to wait for.
#   berm plan --students 300 --tests 10 --language java --window 60s --compile-time 300ms --run-time 60ms    says 8
api_replicas    = { min = 2, max = 4 }
worker_replicas = { min = 8, max = 24 }
jobs_per_worker = 4
# Two processors, and connections enough for 24 workers of 8 each.
database_sku = "GP_Standard_D2ds_v5"
