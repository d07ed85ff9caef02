output "url" {
  description = "Where the API is."
  value       = "https://${azurerm_container_app.api.ingress[0].fqdn}"
}

output "resource_group" {
  description = "The group that holds everything."
  value       = azurerm_resource_group.berm.name
}

output "vault" {
  description = "The vault that holds the database's address."
  value       = azurerm_key_vault.berm.name
}

output "logs" {
  description = "The workspace that holds the logs."
  value       = azurerm_log_analytics_workspace.berm.workspace_id
}
