# Runs programs; nobody calls it, so it has no ingress.
resource "azurerm_container_app" "worker" {
  name                         = "${var.name}-worker"
  resource_group_name          = azurerm_resource_group.berm.name
  container_app_environment_id = azurerm_container_app_environment.berm.id
  workload_profile_name        = "Consumption"
  # The new revision is ready before the old one is asked to drain.
  revision_mode = "Single"
  tags          = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.berm.id]
  }

  registry {
    server   = var.registry_server
    identity = azurerm_user_assigned_identity.berm.id
  }

  secret {
    name                = "store-url"
    identity            = azurerm_user_assigned_identity.berm.id
    key_vault_secret_id = azurerm_key_vault_secret.store_url.versionless_id
  }

  template {
    min_replicas                     = var.worker_replicas.min
    max_replicas                     = var.worker_replicas.max
    cooldown_period_in_seconds       = 600
    polling_interval_in_seconds      = 5
    termination_grace_period_seconds = 60

    volume {
      name         = "scratch"
      storage_type = "EmptyDir"
    }

    container {
      name   = "berm"
      image  = var.image
      args   = ["serve", "--role", "worker"]
      cpu    = var.cpu
      memory = local.memory

      env {
        name        = "BERM_STORE_URL"
        secret_name = "store-url"
      }

      dynamic "env" {
        for_each = local.settings
        content {
          name  = env.key
          value = env.value
        }
      }

      volume_mounts {
        name = "scratch"
        path = "/tmp"
      }

      # Ready after isolation was proved, which takes some seconds on a cold host.
      startup_probe {
        transport               = "HTTP"
        port                    = 8000
        path                    = "/healthz"
        interval_seconds        = 10
        failure_count_threshold = 10
      }

      liveness_probe {
        transport               = "HTTP"
        port                    = 8000
        path                    = "/healthz"
        interval_seconds        = 10
        timeout                 = 5
        failure_count_threshold = 3
      }

      readiness_probe {
        transport               = "HTTP"
        port                    = 8000
        path                    = "/readyz"
        interval_seconds        = 5
        timeout                 = 5
        failure_count_threshold = 2
      }
    }

    custom_scale_rule {
      name             = "queue"
      custom_rule_type = "postgresql"
      metadata = {
        query                      = local.queue
        targetQueryValue           = tostring(var.jobs_per_worker)
        activationTargetQueryValue = "0"
      }

      authentication {
        secret_name       = "store-url"
        trigger_parameter = "connection"
      }
    }
  }
}
