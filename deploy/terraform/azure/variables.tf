variable "name" {
  description = "Beginning of every name; letters and digits, since registries and vaults take no others."
  type        = string
  default     = "berm"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,9}$", var.name))
    error_message = "Give 3 to 10 lower case letters and digits, a letter first."
  }
}

variable "location" {
  description = "Azure region."
  type        = string
  default     = "westeurope"
}

variable "registry_id" {
  description = "Resource id of the container registry that holds the image."
  type        = string
}

variable "registry_server" {
  description = "Its login server, such as example.azurecr.io."
  type        = string
}

variable "image" {
  description = "The image with its digest, such as example.azurecr.io/berm@sha256:...: a tag may change under a running contest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest: NAME@sha256:..."
  }
}

variable "cpu" {
  description = "vCPUs of a worker; memory is twice as many GiB."
  type        = number
  default     = 1.0

  validation {
    condition     = contains([0.5, 1.0, 2.0], var.cpu)
    error_message = "Give 0.5, 1.0 or 2.0."
  }
}

variable "api_replicas" {
  description = "Least and most replicas that take requests."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 3 }
}

variable "worker_replicas" {
  description = "Least and most replicas that run programs; `berm plan` tells how many a contest takes."
  type        = object({ min = number, max = number })
  default     = { min = 0, max = 4 }

  validation {
    condition     = var.worker_replicas.max >= var.worker_replicas.min && var.worker_replicas.max <= 300
    error_message = "max must be at least min, and at most 300 (what Container Apps allows)."
  }
}

variable "jobs_per_worker" {
  description = "Submissions waiting or running for each worker that is kept."
  type        = number
  default     = 10
}

variable "languages" {
  description = "Languages that are proved and warm before a worker is ready."
  type        = list(string)
  default     = ["python", "javascript", "java", "cpp", "c"]
}

variable "settings" {
  description = "More settings of Berm, by the names of their environment variables. No secrets."
  type        = map(string)
  default     = {}
}

variable "database_sku" {
  description = "Size of the PostgreSQL flexible server."
  type        = string
  default     = "B_Standard_B1ms"
}

variable "database_backup_days" {
  description = "Days for which backups of the database are kept."
  type        = number
  default     = 7
}

variable "network" {
  description = "Address space of the virtual network: a /16."
  type        = string
  default     = "10.20.0.0/16"
}

variable "allowed_addresses" {
  description = "Networks from which the API may be called; empty for everybody."
  type        = list(string)
  default     = []
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}

variable "operator_object_ids" {
  description = "Object ids of those who may read and write secrets of the vault, you among them."
  type        = list(string)
}

variable "operator_addresses" {
  description = "Public addresses from which the vault may be reached, yours among them."
  type        = list(string)
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = { application = "berm" }
}

variable "secret_expires" {
  description = "When the database's password must have been changed, as 2027-12-31T00:00:00Z."
  type        = string
}
