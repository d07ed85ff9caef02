# The database is reachable from here alone; the API's ingress is the one way in.
resource "azurerm_virtual_network" "berm" {
  name                = "${var.name}-net"
  location            = azurerm_resource_group.berm.location
  resource_group_name = azurerm_resource_group.berm.name
  address_space       = [var.network]
  tags                = var.tags
}

resource "azurerm_subnet" "apps" {
  name                 = "apps"
  resource_group_name  = azurerm_resource_group.berm.name
  virtual_network_name = azurerm_virtual_network.berm.name
  address_prefixes     = [cidrsubnet(var.network, 5, 0)]
  service_endpoints    = ["Microsoft.KeyVault"]

  delegation {
    name = "apps"
    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = azurerm_resource_group.berm.name
  virtual_network_name = azurerm_virtual_network.berm.name
  address_prefixes     = [cidrsubnet(var.network, 8, 255)]

  delegation {
    name = "postgresql"
    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

# Into the database's subnet: PostgreSQL from the apps, nothing else.
resource "azurerm_network_security_group" "database" {
  name                = "${var.name}-database"
  location            = azurerm_resource_group.berm.location
  resource_group_name = azurerm_resource_group.berm.name
  tags                = var.tags

  security_rule {
    name                       = "postgresql-from-apps"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "5432"
    source_address_prefix      = azurerm_subnet.apps.address_prefixes[0]
    destination_address_prefix = azurerm_subnet.database.address_prefixes[0]
  }

  security_rule {
    name                       = "nothing-else"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_port_range          = "*"
    destination_port_range     = "*"
    source_address_prefix      = "*"
    destination_address_prefix = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "database" {
  subnet_id                 = azurerm_subnet.database.id
  network_security_group_id = azurerm_network_security_group.database.id
}

resource "azurerm_private_dns_zone" "database" {
  name                = "${var.name}.private.postgres.database.azure.com"
  resource_group_name = azurerm_resource_group.berm.name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "database" {
  name                  = "${var.name}-database"
  resource_group_name   = azurerm_resource_group.berm.name
  private_dns_zone_name = azurerm_private_dns_zone.database.name
  virtual_network_id    = azurerm_virtual_network.berm.id
  tags                  = var.tags
}
