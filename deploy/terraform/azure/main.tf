# Berm on Azure Container Apps: an API that takes requests, workers that run programs, PostgreSQL between them.
#
#   terraform init -backend-config=backend.hcl
#   terraform apply -var-file=idle.tfvars        between contests
#   terraform apply -var-file=contest.tfvars     before one
resource "random_string" "suffix" {
  length  = 6
  upper   = false
  special = false
}

resource "azurerm_resource_group" "berm" {
  name     = "${var.name}-rg"
  location = var.location
  tags     = var.tags
}

resource "azurerm_log_analytics_workspace" "berm" {
  name                = "${var.name}-logs"
  location            = azurerm_resource_group.berm.location
  resource_group_name = azurerm_resource_group.berm.name
  sku                 = "PerGB2018"
  retention_in_days   = var.log_days
  tags                = var.tags
}

resource "azurerm_container_app_environment" "berm" {
  name                       = "${var.name}-env"
  location                   = azurerm_resource_group.berm.location
  resource_group_name        = azurerm_resource_group.berm.name
  logs_destination           = "log-analytics"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.berm.id
  infrastructure_subnet_id   = azurerm_subnet.apps.id
  tags                       = var.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

locals {
  memory = "${var.cpu * 2}Gi"

  # The drain is shorter than what Container Apps waits before SIGKILL (termination_grace_period_seconds).
  settings = merge({
    BERM_SERVE_DRAIN         = "30"
    BERM_SERVE_LOG_FORMAT    = "json"
    BERM_POOL_RUNS_AT_A_TIME = tostring(max(1, floor(var.cpu)))
    BERM_POOL_PARKED_MIB     = tostring(floor(var.cpu * 256))
    BERM_SERVE_WARM          = join(",", var.languages)
    BERM_AUTH_PROXIES        = "100.100.0.0/17,${var.network}"
  }, var.settings)

  # At most 1,000 are counted, so that it costs a millisecond however long the queue is.
  queue = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state IN ('queued', 'running') AND finished IS NULL LIMIT 1000) AS q"
}
