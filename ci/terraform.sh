# Terraform without AWS: providers that make up what AWS would answer, made once by the set-up script
# that $TERRAFORM_OFFLINE names; sourced by those who plan and apply.

# Ends the script, aloud, where there is no Terraform or nothing to stand for AWS.
terraform_without_aws() { # what is skipped then
  command -v terraform >/dev/null || { skip "$1" "there is no terraform on this machine" && end; }
  local home=${TERRAFORM_OFFLINE_HOME:-$CI_TOOLS/terraform-offline}
  if [[ ! -f $home/terraformrc ]]; then
    [[ -x ${TERRAFORM_OFFLINE:-} ]] || { skip "$1" "TERRAFORM_OFFLINE names nothing to stand for AWS" && end; }
    echo "making Terraform providers in $home, once"
    if ! "$TERRAFORM_OFFLINE" "$home" >"$directory/output" 2>&1; then
      tail -n 20 "$directory/output"
      rm -f "$home/terraformrc"
      skip "$1" "the offline providers cannot be made"
      end
    fi
  fi
  export TF_CLI_CONFIG_FILE=$home/terraformrc CHECKPOINT_DISABLE=1
  # Nobody's account is asked, whatever this machine has.
  export AWS_EC2_METADATA_DISABLED=true
  unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  unset "${!TF_VAR_@}" TF_WORKSPACE
}
