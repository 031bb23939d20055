# Values that are no use are refused before anything is made. Mocked: nothing is asked of AWS.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
}

variables {
  image_tag  = "1"
  lambda_dir = "tests/zips"
}

run "names_that_are_none" {
  command = plan

  variables {
    name                 = "Matinee"
    region               = "Virginia"
    image_tag            = "-1"
    architecture         = "arm"
    email                = "somebody"
    monthly_budget_usd   = 0
    vpc_cidr             = "10.0.0.0/33"
    source_buckets       = ["s3://talks"]
    probes               = "facebook"
    archive_after_days   = -1
    noncurrent_days      = 0
    log_retention_days   = 31
    images_kept          = 1
    reserved_concurrency = { streamer = 1 }
  }

  expect_failures = [
    var.name, var.region, var.image_tag, var.architecture, var.email, var.monthly_budget_usd, var.vpc_cidr,
    var.source_buckets, var.probes, var.archive_after_days, var.noncurrent_days, var.log_retention_days,
    var.images_kept, var.reserved_concurrency,
  ]
}

run "values_that_look_like_it" {
  command = plan

  variables {
    name                 = "matinee-of-the-second-house"
    image_tag            = "latest"
    vpc_cidr             = "10.0.0.0/28"
    source_buckets       = ["talks/2026"]
    probes               = "facebook=connect,"
    ingest_ca_pem        = "ca.pem"
    archive_after_days   = 1.5
    images_kept          = 1001
    reserved_concurrency = { api = 0 }
  }

  expect_failures = [
    var.name, var.image_tag, var.vpc_cidr, var.source_buckets, var.probes, var.ingest_ca_pem,
    var.archive_after_days, var.images_kept, var.reserved_concurrency,
  ]
}

run "a_name_that_is_too_short" {
  command = plan

  variables {
    name = "tv"
  }

  expect_failures = [var.name]
}

run "more_of_them" {
  command = plan

  variables {
    name     = "matinee-"
    vpc_cidr = "10.0.0.0/8"
    probes   = "vimeo=connect"
    # Leads of more than an hour.
    lead_spread_seconds = 3301
    email               = "somebody@example.org, else@example.org"
  }

  expect_failures = [var.name, var.vpc_cidr, var.probes, var.lead_spread_seconds, var.email]
}

run "functions_that_are_not_built" {
  command = plan

  variables {
    lambda_dir = "tests/nothing"
  }

  expect_failures = [aws_lambda_function.function]
}
