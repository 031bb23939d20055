#!/usr/bin/env bash
# infrastructure/ as far as it can be checked without an account: its README, checkov, and, with a
# Terraform provider that makes up AWS, format, validation, plan, tests, a whole deployment in two steps
# as ./deploy makes it, what is then in the state, and whether all that can say no.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh
. ci/checks.sh
. ci/terraform.sh

begin infrastructure

counted() { # name, command…: one whose last line is `N passed, N failed`
  local name=$1 ok bad
  shift
  "$@" >"$directory/output" 2>&1 || true
  echo "-- $name"
  grep -v ' passed, ' "$directory/output" || true
  read -r ok bad < <(sed -n 's/^.*\b\([0-9]\+\) passed, \([0-9]\+\) failed\.\?$/\1 \2/p' "$directory/output" | tail -n 1) || true
  passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-1}))
}
# A copy to work in or to break. Lock files of made-up providers stay out of the tree.
copy() { # name
  rm -rf "${directory:?}/$1"
  mkdir -p "$directory/$1"
  cp -r state-machines "$directory/$1/"
  cp -r infrastructure "$directory/$1/"
  rm -rf "$directory/$1/infrastructure"/{.terraform,.terraform.lock.hcl,terraform.tfstate.d,*.tfvars,backend*.tf}
}
# --- README -----------------------------------------------------------------------------------------
check "README.md tells every input and output" ci/infrastructure/readme.py
copy broken
sed -i '0,/description = "/s//description = "Not /' "$directory/broken/infrastructure/variables.tf"
check "it sees a description that changed (README.md)" not ci/infrastructure/readme.py "$directory/broken/infrastructure"

# --- checkov ----------------------------------------------------------------------------------------
checkov=$CI_TOOLS/checkov/bin/checkov
scan() { "$checkov" --directory "$1" --skip-path tests --framework terraform --compact --quiet --skip-download "${@:2}"; }
skips() { grep -ho 'checkov:skip=.*' infrastructure/*.tf; }
# What checkov would say without the skips, as `file:check`, and the skips in the same words.
needed() {
  copy bare
  sed -i '/checkov:skip=/d' "$directory/bare/infrastructure"/*.tf
  scan "$directory/bare/infrastructure" --output json 2>"$directory/checkov.log" |
    jq -r '.results.failed_checks[] | .file_path + ":" + .check_id' | sort -u >"$directory/needed"
  grep -o 'checkov:skip=[A-Z0-9_]*' infrastructure/*.tf | sed 's|infrastructure||; s|checkov:skip=||' | sort -u >"$directory/skipped"
  diff "$directory/needed" "$directory/skipped"
}
if [[ -x $checkov ]]; then
  check "checkov" scan infrastructure
  check "checkov reads every file" jq -e '.summary.parsing_errors == 0' <(scan infrastructure --output json)
  check "every skip of checkov has its reason" not grep -vE '^checkov:skip=CKV2?_AWS_[0-9]+:.{20,}' <(skips)
  check "every skip of checkov is needed" needed
  copy broken
  sed -i 's/"AWS_IAM"/"NONE"/' "$directory/broken/infrastructure/api.tf"
  check "it sees an open function URL (checkov)" not scan "$directory/broken/infrastructure"
  copy broken
  sed -i 's|\[aws_dynamodb_table.broadcasts.arn\]|["*"]|' "$directory/broken/infrastructure/iam_functions.tf"
  check "it sees \`*\` as a resource (checkov)" not scan "$directory/broken/infrastructure"
else
  skip checkov "ci/install.sh has not been run"
fi

# --- Terraform --------------------------------------------------------------------------------------
if ! command -v terraform >/dev/null; then
  skip "everything with Terraform" "there is no terraform on this machine"
  end
fi
check "terraform fmt" terraform fmt -check -recursive -diff infrastructure
terraform_without_aws "validate, plan, test and apply"
export TF_IN_AUTOMATION=1 TF_INPUT=0 AWS_REGION=us-east-1

copy tree
tf() { TF_DATA_DIR=$directory/data terraform -chdir="$directory/tree/infrastructure" "$@"; }
said=(-no-color -var image_tag=1f2e3d -var lambda_dir=tests/zips)
state=$directory/matinee.tfstate
check "terraform init" tf init -no-color
check "terraform validate" tf validate -no-color
check "terraform plan" tf plan "${said[@]}" -out="$directory/plan"
counted "terraform test" tf test -no-color

# A first deployment: the repository, then (the image is pushed) everything; a second one; the end.
check "the image's repository comes first" \
  tf apply -auto-approve -no-color -var image_tag=1f2e3d -target=aws_ecr_repository.streamer -state="$state"
check "it tells its address" grep -q '/matinee-streamer$' <(tf output -state="$state" -raw image_repository_url)
check "terraform apply" tf apply -auto-approve "${said[@]}" -state="$state"
check "a second time nothing changes" tf plan -detailed-exitcode "${said[@]}" -state="$state"
tf show -json "$state" >"$directory/shown.json"
cp "$state" "$directory/gone.tfstate"
check "it is taken down, functions built or not" \
  tf destroy -auto-approve -no-color -var image_tag=1f2e3d -var lambda_dir=nowhere -state="$directory/gone.tfstate"
check "nothing is left" jq -e '.resources == []' "$directory/gone.tfstate"
counted "what is deployed" ci/infrastructure/verify.py "$directory/shown.json"

# --- in the eyes of others, and as the crate renders it ----------------------------------------------
definition() { ci/infrastructure/definition.py "$1" "$directory/shown.json"; }
definition rendered >"$directory/rendered.json"
ci/infrastructure/template.py "$directory/shown.json" >"$directory/template.json"
definition placeholders >"$directory/placeholders.json"
by_the_crate() {
  cargo run --quiet --locked --package state-machines --example render <"$directory/placeholders.json" >"$directory/by-the-crate.json" &&
    cmp "$directory/rendered.json" "$directory/by-the-crate.json"
}
if command -v cargo >/dev/null; then
  check "Terraform renders the definition as the crate does" by_the_crate
else
  skip "the crate's rendering" "there is no cargo on this machine"
fi
lint=$CI_TOOLS/venv/bin/cfn-lint asl=$CI_TOOLS/node_modules/.bin/asl-validator
if [[ -x $lint && -x $asl ]]; then
  check "asl-validator" "$asl" --json-path "$directory/rendered.json"
  cfn() { "$lint" --regions us-east-1 --include-checks I -- "$1"; }
  check "cfn-lint: definition, policies, container, alarms" cfn "$directory/template.json"
  sed 's|"ecs:StopTask"|"ecs:StopTasks"|; s|:task/matinee/|:cluster/matinee/|; s|"StopTimeout"|"StopTimeOut"|; s|"TreatMissingData": ".*"|"TreatMissingData": "no"|' \
    "$directory/template.json" >"$directory/broken.json"
  cfn "$directory/broken.json" >"$directory/said" 2>&1 || true
  check "it sees an action that does not exist (cfn-lint)" grep -q "W3037 'stoptasks'" "$directory/said"
  check "it sees an action on a resource of another kind (cfn-lint)" grep -q "I3510 action 'ecs:DescribeTasks'" "$directory/said"
  check "it sees a field that a container does not have (cfn-lint)" grep -q "'StopTimeOut' was unexpected" "$directory/said"
  check "it sees a value that an alarm cannot have (cfn-lint)" grep -q "E3030 'no' is not one of" "$directory/said"
else
  skip "asl-validator and cfn-lint" "ci/install.sh has not been run"
fi

# --- can the tests say no? --------------------------------------------------------------------------
# All faults that one test is to see are made at once; each has an assertion of its own.
fault() { # file, sed expression
  sed -i "$2" "$directory/tree/infrastructure/$1"
  check "it breaks $1" not cmp -s "infrastructure/$1" "$directory/tree/infrastructure/$1"
}
seen_by() { # test
  tf test -no-color -filter="tests/$1.tftest.hcl" 2>&1 | tr -s '[:space:]' ' ' >"$directory/said" || true
  cp -r infrastructure/. "$directory/tree/infrastructure/"
}
sees() { check "it sees $1" grep -qF -e "$2" "$directory/said"; }

fault network.tf '/^resource "aws_security_group" "streamer"/a ingress {\n from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/0"]\n}'
fault sfn.tf 's|function\["persist"\]|function["record-outcome"]|'
fault events.tf 's|\[local.arns.state_machine\]|["${local.arns.state_machine}s"]|'
fault ecs.tf 's|readonlyRootFilesystem = true|readonlyRootFilesystem = true\n privileged = true|'
fault api.tf 's|AWS_IAM|NONE|'
seen_by deployment
sees "a port that is open" "Nothing comes in"
sees "a state that calls another's function" "Each state calls what it is named after."
sees "a typo in an ARN" "of this state machine only."
sees "a privileged container" "A container that may nothing"
sees "an API without signatures" "Nobody gets at the API without signing."

fault iam_functions.tf 's|\[aws_dynamodb_table.broadcasts.arn\]|["*"]|'
fault iam_streamer.tf 's|"dynamodb:GetItem"|"dynamodb:*"|'
fault iam.tf 's|aws:SourceAccount|aws:PrincipalAccount|'
seen_by iam
sees "\`*\` as a resource" "A policy names every resource where AWS knows no other."
sees "every action of a service" "A policy allows every action of a kind."
sees "a role for other accounts" "A service may be a role for another account."

fault variables.tf 's|\^\[a-z\]\[a-z0-9-\]{1,22}.*\$"|."|'
seen_by refusals
sees "a name that nobody checks" "var.name, was expected to report an error but did not."
end
