data "azurerm_client_config" "current" {}

# What the apps are: it may pull the image and read one secret. Its endpoint is in the environment of the service; cells
# have an empty environment and no network, and `berm doctor --for aca` reminds of it.
resource "azurerm_user_assigned_identity" "berm" {
  name                = "${var.name}-apps"
  location            = azurerm_resource_group.berm.location
  resource_group_name = azurerm_resource_group.berm.name
  tags                = var.tags
}

resource "azurerm_role_assignment" "pull" {
  scope                = var.registry_id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.berm.principal_id
}

resource "azurerm_key_vault" "berm" {
  name                          = "${var.name}-${random_string.suffix.result}"
  location                      = azurerm_resource_group.berm.location
  resource_group_name           = azurerm_resource_group.berm.name
  tenant_id                     = data.azurerm_client_config.current.tenant_id
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 30
  public_network_access_enabled = true
  tags                          = var.tags

  network_acls {
    default_action             = "Deny"
    bypass                     = "AzureServices"
    ip_rules                   = var.operator_addresses
    virtual_network_subnet_ids = [azurerm_subnet.apps.id]
  }
}

resource "azurerm_role_assignment" "operators" {
  for_each = toset(var.operator_object_ids)

  scope                = azurerm_key_vault.berm.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.value
}

resource "azurerm_key_vault_secret" "store_url" {
  name            = "store-url"
  key_vault_id    = azurerm_key_vault.berm.id
  value           = local.store_url
  content_type    = "PostgreSQL URL"
  expiration_date = var.secret_expires

  depends_on = [azurerm_role_assignment.operators]
}

# The apps may read this one secret, not the vault.
resource "azurerm_role_assignment" "store_url" {
  scope                = azurerm_key_vault_secret.store_url.resource_versionless_id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.berm.principal_id
}
