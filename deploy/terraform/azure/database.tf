resource "random_password" "database" {
  length = 40
  # It stands in a URL.
  special = false
}

resource "azurerm_postgresql_flexible_server" "berm" {
  name                          = "${var.name}-store-${random_string.suffix.result}"
  location                      = azurerm_resource_group.berm.location
  resource_group_name           = azurerm_resource_group.berm.name
  version                       = "16"
  sku_name                      = var.database_sku
  storage_mb                    = 32768
  backup_retention_days         = var.database_backup_days
  administrator_login           = "berm"
  administrator_password        = random_password.database.result
  public_network_access_enabled = false
  delegated_subnet_id           = azurerm_subnet.database.id
  private_dns_zone_id           = azurerm_private_dns_zone.database.id
  tags                          = var.tags

  depends_on = [azurerm_private_dns_zone_virtual_network_link.database]

  lifecycle {
    # Azure chooses a zone, and changes it when it must.
    ignore_changes  = [zone]
    prevent_destroy = true
  }
}

resource "azurerm_postgresql_flexible_server_database" "berm" {
  name      = "berm"
  server_id = azurerm_postgresql_flexible_server.berm.id
  charset   = "UTF8"
  collation = "en_US.utf8"

  lifecycle {
    prevent_destroy = true
  }
}

locals {
  store_url = format(
    "postgresql://%s:%s@%s/%s?sslmode=require",
    azurerm_postgresql_flexible_server.berm.administrator_login,
    random_password.database.result,
    azurerm_postgresql_flexible_server.berm.fqdn,
    azurerm_postgresql_flexible_server_database.berm.name,
  )
}
