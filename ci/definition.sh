#!/usr/bin/env bash
# The state machine's definition in the eyes of others: cfn-lint and asl-validator.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh
. ci/checks.sh

begin definition

# Placeholders become what Terraform would put there.
rendered=$directory/broadcast.asl.json
sed -E \
  -e 's|\$\{([a-z_]*)_function_arn\}|arn:aws:lambda:us-east-1:123456789012:function:\1|g' \
  -e 's|\$\{cluster_arn\}|arn:aws:ecs:us-east-1:123456789012:cluster/matinee|g' \
  -e 's|\$\{task_definition_arn\}|arn:aws:ecs:us-east-1:123456789012:task-definition/matinee:1|g' \
  -e 's|\$\{subnet_ids\}|subnet-0123456789abcdef0,subnet-0fedcba9876543210|g' \
  -e 's|\$\{security_group_ids\}|sg-0123456789abcdef0|g' \
  -e 's|\$\{[a-z_]*\}|streamer|g' \
  state-machines/broadcast.asl.json >"$rendered"
check "rendered, it is JSON without placeholders" \
  jq -e 'all(.. | strings; contains("${") | not)' "$rendered"

jq '{
  AWSTemplateFormatVersion: "2010-09-09",
  Resources: {Broadcast: {Type: "AWS::StepFunctions::StateMachine", Properties: {
    RoleArn: "arn:aws:iam::123456789012:role/broadcast",
    Definition: .
  }}}
}' "$rendered" >"$directory/template.json"
check "cfn-lint" "$CI_TOOLS/venv/bin/cfn-lint" --regions us-east-1 --include-checks I -- "$directory/template.json"
check "asl-validator" "$CI_TOOLS/node_modules/.bin/asl-validator" --json-path "$rendered"

# Both must be able to say no: a transition to nowhere and a bad name of a field.
jq '.States |= with_entries(if .value.Next then .value.Next = "Nowhere" else . end)' "$rendered" >"$directory/bad.json"
check "asl-validator refuses a transition to nowhere" \
  bash -c '! "$1" --json-path "$2"' - "$CI_TOOLS/node_modules/.bin/asl-validator" "$directory/bad.json"
jq '.Resources.Broadcast.Properties.Definition.States |= with_entries(.value.Typo = 1)' \
  "$directory/template.json" >"$directory/bad-template.json"
check "cfn-lint refuses a field that does not exist" \
  bash -c '! "$1" --regions us-east-1 -- "$2"' - "$CI_TOOLS/venv/bin/cfn-lint" "$directory/bad-template.json"

end
