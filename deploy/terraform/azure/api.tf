# Takes requests, keeps them, answers; runs no program.
resource "azurerm_container_app" "api" {
  name                         = "${var.name}-api"
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

  ingress {
    external_enabled           = true
    target_port                = 8000
    transport                  = "http"
    allow_insecure_connections = false

    dynamic "ip_security_restriction" {
      for_each = var.allowed_addresses
      content {
        name             = "allowed-${ip_security_restriction.key}"
        action           = "Allow"
        ip_address_range = ip_security_restriction.value
      }
    }

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas                     = var.api_replicas.min
    max_replicas                     = var.api_replicas.max
    termination_grace_period_seconds = 60

    volume {
      name         = "scratch"
      storage_type = "EmptyDir"
    }

    # One at a time by a lock of the database; nothing to do where it was done.
    init_container {
      name   = "migrate"
      image  = var.image
      args   = ["migrate"]
      cpu    = 0.25
      memory = "0.5Gi"

      env {
        name        = "BERM_STORE_URL"
        secret_name = "store-url"
      }
    }

    container {
      name   = "berm"
      image  = var.image
      args   = ["serve", "--role", "api"]
      cpu    = 0.5
      memory = "1Gi"

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

      startup_probe {
        transport               = "HTTP"
        port                    = 8000
        path                    = "/healthz"
        interval_seconds        = 5
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

    http_scale_rule {
      name                = "requests"
      concurrent_requests = "100"
    }
  }
}
