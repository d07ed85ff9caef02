# Between contests: one small API that waits, workers from none on, which start when somebody hands in (in about a minute).
api_replicas    = { min = 1, max = 2 }
worker_replicas = { min = 0, max = 4 }
jobs_per_worker = 10
database_sku    = "B_Standard_B1ms"
