#!/usr/bin/env bash
# ./deploy from its first run to its last. Terraform, cargo and cargo-lambda are real; what cannot run
# here is not: Docker, Podman and the AWS CLI are scripts in ci/deploy/ that note how they are called,
# and AWS's answers to Terraform are made up (ci/terraform.sh). So it is not shown
# that an image is built or that AWS takes anything; ci/image.sh and ci/infrastructure.sh look at that
# as far as it goes.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh
. ci/checks.sh
. ci/terraform.sh

begin deploy

check "shellcheck" "$CI_TOOLS/venv/bin/shellcheck" deploy ci/deploy/*
for shell in dash bash; do
  command -v "$shell" >/dev/null && check "$shell reads it" "$shell" -n deploy
done
check "--help" grep -q -- '--with-videos' <(./deploy --help)
check "an option that does not exist is refused" not ./deploy --frce
check "a variable that has its own option is refused" not ./deploy -var region=us-east-1
check "an option without its value is refused" not ./deploy --name
check "--with-videos alone is refused" not ./deploy --with-videos

# A copy to work in: Terraform's state and lock file stay out of the tree. Times are kept, so that
# cargo builds only what has changed.
work=$directory/tree
mkdir "$work"
tar -c --exclude=./target --exclude=./.git --exclude='.terraform*' --exclude='*.tfstate*' --exclude='*.tfvars' . | tar -x -C "$work"
export FAKE=$directory/fake
mkdir -p "$FAKE/images" "$directory/bin"
touch "$FAKE"/{calls,buckets,credentials,docker-runs}
echo eu-west-1 >"$FAKE/region"
cp ci/deploy/* "$directory/bin/"
cp ci/deploy/docker "$directory/bin/podman"
unset AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
unset "${!TF_VAR_@}" TF_WORKSPACE
export AWS_EC2_METADATA_DISABLED=true CHECKPOINT_DISABLE=1
# This machine's linker instead of zig; see ci/lambdas/build.py.
export CARGO_LAMBDA_COMPILER=cargo
# What is built here is not built again by ci/lambdas.py, nor the other way round.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

# deploy OPTION…: its output is in $directory/said, what it called in $FAKE/calls.
deploy() {
  : >"$FAKE/calls"
  (cd "$work" && PATH=$directory/bin:$PATH "$work/deploy" "$@") </dev/null >"$directory/said" 2>&1 || { cat "$directory/said"; return 1; }
}
fails() { ! deploy "$@"; }
says() { grep -qF -e "$1" "$directory/said" || { cat "$directory/said"; return 1; }; }
calls() { grep -qE -e "$1" "$FAKE/calls" || { cat "$FAKE/calls"; return 1; }; }

# --- what is missing ---------------------------------------------------------------------------------
mkdir "$directory/bare"
for tool in sh dirname cat sed grep sort cut find sha256sum; do ln -s "$(command -v "$tool")" "$directory/bare/"; done
bare() { (cd "$work" && PATH=$directory/bare "$work/deploy" --yes) >"$directory/said" 2>&1; }
check "on a bare machine it does nothing" not bare
for missing in Terraform "AWS CLI" cargo-lambda Rust; do check "it says: $missing" says "$missing"; done
rm "$FAKE/credentials"
check "without credentials it does nothing" fails --yes
check "it says so" says "credentials of an account"
touch "$FAKE/credentials"
: >"$FAKE/region"
check "without a region it does nothing" fails --yes
check "it says so" says "a region: --region"
echo eu-west-1 >"$FAKE/region"
rm "$FAKE/docker-runs"
check "without Docker or Podman it does nothing" fails --yes
check "it says so" says "Docker or Podman, running"
check "nothing was built or changed" not calls '^cargo|docker|login|push'
touch "$FAKE/podman-runs"
printf '#!/bin/sh\necho "Terraform v1.6.6"\n' >"$directory/bin/terraform"
chmod +x "$directory/bin/terraform"
check "with an old Terraform it does nothing" fails --yes
check "it says which it wants" says "Terraform 1.7 or newer"
rm "$directory/bin/terraform" "$FAKE/podman-runs"
touch "$FAKE/docker-runs"
check "where nobody can answer it does nothing" fails
check "it says which account and region" says "account 123456789012, region eu-west-1"

# --- Terraform that makes up AWS -----------------------------------------------------------------------
terraform_without_aws "everything from the first run on"
# Terraform's own credentials; the provider asks nobody.
case $(uname -m) in
  x86_64) here=--x86-64 architecture=x86_64 platform=linux/amd64 ;;
  *) here=--arm64 architecture=arm64 platform=linux/arm64 ;;
esac
state=$work/infrastructure/terraform.tfstate.d
has() { jq -e --arg type "$2" 'any(.resources[]; .type == $type)' "$state/$1/terraform.tfstate"; }
image() { sed -n 's/.*push .*:\(.*\)$/\1/p' "$FAKE/calls"; }

# --- the first run, one that is interrupted, and the second ----------------------------------------------
touch "$FAKE/push-fails"
check "a push that fails ends it" fails --yes "$here"
check "and says why" says "connection reset by peer"
check "the repository is there" has matinee-123456789012-eu-west-1 aws_ecr_repository
check "nothing else is" not has matinee-123456789012-eu-west-1 aws_sfn_state_machine
rm "$FAKE/push-fails"
check "a run after that" deploy --yes "$here"
check "builds the four functions" calls \
  "^cargo lambda build --release --locked $here --output-format zip .*-p api -p validate-token -p persist -p record-outcome, RUSTFLAGS=-Ctarget-cpu="
check "into zip files" test -s "$work/target/lambda/validate-token/bootstrap.zip"
check "builds the image for the right processor" calls "^docker build --platform $platform --file streamer/Dockerfile --tag 123456789012.dkr.ecr.eu-west-1.amazonaws.com/matinee-streamer:[0-9a-f]{16}-$architecture \.$"
check "pushes it" calls '^docker push '
check "hands the password over by standard input" grep -qx the-password-of-ecr "$FAKE/stdin"
check "and not otherwise" not calls the-password
check "makes the rest" has matinee-123456789012-eu-west-1 aws_sfn_state_machine
check "says what comes next" says 'matinee --aws schedule talk.mp4'
tag=$(image)
check "a second run" deploy --yes "$here"
check "builds and pushes no image" not calls ' (build|push|login) .*streamer'
check "changes nothing" says "No changes."
rm "$FAKE/docker-runs"
check "and needs no Docker for that" deploy --yes "$here"
touch "$FAKE/docker-runs"

# --- what makes another image ----------------------------------------------------------------------------
changed() { # file
  echo "// changed" >>"$work/$1"
  LAMBDA_DIR=$work/built deploy --yes "$here"
}
cp -r "$work/target/lambda" "$work/built" || true
check "a change of a function" changed lambdas/persist/src/lib.rs
check "makes no other image" not calls '^docker push'
check "a change of the streamer" changed streamer/src/lib.rs
check "makes another image" test "$(image)" != "$tag" -a -n "$(image)"
export LAMBDA_DIR=$work/built

# --- names, regions, variables ---------------------------------------------------------------------------
check "another name and region" deploy --yes "$here" --name second --region us-east-1 --profile other -var email=you@example.org
check "live beside the first" has second-123456789012-us-east-1 aws_sns_topic_subscription
check "and the next command says so" says "matinee --aws --deployment second --region us-east-1 --profile other schedule"
printf 'email = "me@example.org"\nregion = "us-west-2"\n' >"$work/infrastructure/matinee.tfvars"
check "variables from a file" deploy --yes "$here"
check "are heard" has matinee-123456789012-eu-west-1 aws_sns_topic_subscription
check "and do not move it elsewhere" not grep -q us-west-2 "$state/matinee-123456789012-eu-west-1/terraform.tfstate"

# --- the end ---------------------------------------------------------------------------------------------
bucket=matinee-videos-123456789012-eu-west-1
check "where nobody can answer nothing is destroyed" fails --destroy
echo $bucket >"$FAKE/buckets"
touch "$FAKE/on-air"
check "--destroy" deploy --destroy --yes "$here"
check "stops what is on air" calls 'stop-execution --execution-arn arn:of-an-execution'
check "and its streamer" not test -e "$FAKE/on-air"
check "leaves nothing in the state" jq -e '.resources == []' "$state/matinee-123456789012-eu-west-1/terraform.tfstate"
check "did not touch the videos" not says 'aws_s3_bucket.videos: Destroying'
check "frees the table first" says 'deletion_protection_enabled'
check "--destroy again" deploy --destroy --yes "$here"
check "a new deployment of that name" deploy --yes "$here"
check "takes the videos over" says 'aws_s3_bucket.videos: Importing'
check "and leaves no trace of that" not test -e "$work/infrastructure/videos_are_there.tf"
check "--destroy --with-videos" deploy --destroy --with-videos --yes "$here"
check "destroys the videos, too" says 'aws_s3_bucket.videos: Destroying'
check "--destroy --with-videos after --destroy" deploy --destroy --with-videos --yes "$here"
check "destroys the videos that were left" says 'aws_s3_bucket.videos: Destroying'
check "the other deployment is as it was" has second-123456789012-us-east-1 aws_sfn_state_machine
end
