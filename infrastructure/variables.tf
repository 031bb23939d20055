variable "name" {
  description = "Name of the deployment, and the beginning of the names of all that is made. Several deployments can live in one account and region."
  type        = string
  default     = "matinee"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 characters: a small letter first, then small letters, digits and hyphens, and no hyphen at the end."
  }
}

variable "region" {
  description = "AWS region. Without it, the one that the AWS CLI would take."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like us-east-1."
  }
}

variable "image_tag" {
  description = "Tag of the streamer's image in the repository of this deployment. A tag is never given to another image, so a new image needs a new one."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag))
    error_message = "A tag has 1 to 128 letters, digits, dots, hyphens and underscores, and begins with none of .-"
  }

  validation {
    condition     = var.image_tag != "latest"
    error_message = "The repository never moves a tag to another image, so there can be no latest; say which image."
  }
}

variable "architecture" {
  description = "Processor of the functions and of the streamer: arm64 (Graviton, a fifth cheaper) or x86_64. What is built has to be for the same."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "lambda_dir" {
  description = "Folder with the built functions, one folder each with a bootstrap.zip, as `cargo lambda build --output-format zip` leaves them."
  type        = string
  default     = "../target/lambda"
}

variable "email" {
  description = "Where to tell how shows went and that something is wrong. AWS asks once for a confirmation by e-mail. Without it, subscribe something else to the topic."
  type        = string
  default     = null

  validation {
    condition     = var.email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.email))
    error_message = "That is no e-mail address."
  }
}

variable "monthly_budget_usd" {
  description = "Tell when the account's bill of a month reaches 80 % of so many US dollars, or is forecast to exceed it. Without it there is no budget."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "A budget is more than 0 US dollars."
  }
}

variable "vpc_cidr" {
  description = "IPv4 addresses of the streamers' network. It is connected to nothing but the internet, so it may overlap with other networks."
  type        = string
  default     = "10.42.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 22, false)
    error_message = "An IPv4 network like 10.42.0.0/16, from /16 to /22: every streamer on air needs an address."
  }
}

variable "source_buckets" {
  description = "Names of further buckets that videos may be streamed from. A bucket in another account must allow the streamer's role, too."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for bucket in var.source_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "The names of buckets, without s3:// and without paths."
  }
}

variable "probes" {
  description = "How a platform's keys are tried ahead of a show where the request does not say: publish, connect or none, as in `facebook=connect,twitch=publish`."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^((facebook|youtube|twitch|custom)=(publish|connect|none)(,|$))*$", var.probes)) && !endswith(var.probes, ",")
    error_message = "Probes look like facebook=connect,youtube=publish; platforms are facebook, youtube, twitch and custom, probes are publish, connect and none."
  }
}

variable "lead_spread_seconds" {
  description = "Up to how many seconds are added to the lead of each broadcast whose request names none, so that many of one air time do not start all at once (docs/aws.md)."
  type        = number
  default     = 0

  validation {
    condition     = try(floor(var.lead_spread_seconds) == var.lead_spread_seconds && var.lead_spread_seconds >= 0 && var.lead_spread_seconds <= 3300, false)
    error_message = "Whole seconds, 0 to 3300: a lead is at most an hour."
  }
}

variable "allow_private_addresses" {
  description = "Whether videos and ingests may be at private addresses. Link-local ones, where credentials are served, are refused in any case."
  type        = bool
  default     = false
}

variable "ingest_ca_pem" {
  description = "Certificates in PEM form of CAs to trust for RTMPS ingests beside those that everybody trusts, as of a company's own. They are no secrets."
  type        = string
  default     = ""

  validation {
    condition     = var.ingest_ca_pem == "" || strcontains(var.ingest_ca_pem, "-----BEGIN CERTIFICATE-----")
    error_message = "It is the text of a PEM file, which begins with -----BEGIN CERTIFICATE-----; as $(cat ca.pem) gives it."
  }

  validation {
    condition     = length(var.ingest_ca_pem) <= 3000
    error_message = "It has at most 3,000 characters, because a function's environment holds 4 KB: give the root's certificate only."
  }

  validation {
    condition     = !strcontains(var.ingest_ca_pem, "PRIVATE KEY-----")
    error_message = "There is a private key in it; give the certificate only."
  }
}

variable "archive_after_days" {
  description = "Days after its upload from which a video that has aired is stored in Glacier Instant Retrieval, at a sixth of the price. There it is billed for at least 90 days."
  type        = number
  default     = 30

  validation {
    condition     = try(floor(var.archive_after_days) == var.archive_after_days && var.archive_after_days >= 0 && var.archive_after_days <= 3650, false)
    error_message = "Whole days, 0 to 3650."
  }
}

variable "noncurrent_days" {
  description = "Days for which a video that was deleted or replaced can be had back."
  type        = number
  default     = 30

  validation {
    condition     = try(floor(var.noncurrent_days) == var.noncurrent_days && var.noncurrent_days >= 1 && var.noncurrent_days <= 3650, false)
    error_message = "Whole days, 1 to 3650."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "images_kept" {
  description = "How many of the streamer's images the repository keeps. A show that is on air can be started again with the image that it began with as long as that is kept."
  type        = number
  default     = 20

  validation {
    condition     = try(floor(var.images_kept) == var.images_kept && var.images_kept >= 2 && var.images_kept <= 1000, false)
    error_message = "Whole images, 2 to 1000."
  }
}

variable "reserved_concurrency" {
  description = "How many invocations of a function may run at a time; so many are kept free for it. Keys are api, validate-token, persist and record-outcome. What is not named shares what is left."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for function in keys(var.reserved_concurrency) : contains(["api", "validate-token", "persist", "record-outcome"], function)])
    error_message = "The functions are api, validate-token, persist and record-outcome."
  }

  validation {
    condition     = alltrue([for function, number in var.reserved_concurrency : try(floor(number) == number && number >= 1, false)])
    error_message = "Whole invocations, 1 or more: at 0 a function would never run."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table. Set it to false, apply, and then destroy."
  type        = bool
  default     = true
}

variable "delete_videos" {
  description = "Whether destroying the deployment deletes the videos in its bucket, too. Otherwise a bucket that is not empty stops it."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Further tags of everything."
  type        = map(string)
  default     = {}
}
