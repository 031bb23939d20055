//! JSONata: the only file that knows which library evaluates it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jlens_core::{Bindings, Error, HostFunction, Options};
use serde_json::{Map, Value};

use crate::functions;
use crate::limits::PAYLOAD_BYTES;
use crate::random::Random;

/// One evaluation may take this long …
const TIMEOUT: Duration = Duration::from_secs(5);
/// … this many steps, which stops a runaway expression at the same place on every machine …
const MAX_STEPS: u64 = 5_000_000;
/// … this much recursion …
const MAX_DEPTH: usize = 1_000;
/// … and build strings and arrays of this size. The result itself is limited by the caller,
/// who knows which error a result of more than [`PAYLOAD_BYTES`] is.
const MAX_BYTES: usize = 16 * PAYLOAD_BYTES;
const MAX_ITEMS: usize = 1_000_000;

/// A compiled JSONata expression together with its source.
#[derive(Clone)]
pub(crate) struct Expression {
    source: String,
    compiled: jlens_core::Expression,
}

impl Expression {
    /// Compiles the text between `{%` and `%}`. The error is what is wrong, in words.
    pub(crate) fn compile(source: &str) -> Result<Self, String> {
        let source = source.trim().to_owned();
        match jlens_core::Expression::compile(&source) {
            Ok(compiled) => Ok(Self { source, compiled }),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The text of the expression without the delimiters.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The value of the expression; `None` when it is undefined. The error is JSONata's code
    /// and message.
    pub(crate) fn evaluate(&self, scope: &Scope) -> Result<Option<Value>, String> {
        let options = scope.options.clone().seed(scope.draw());
        self.compiled
            .evaluate_with(None, &scope.bindings, &options)
            .map_err(|error| format!("{}: {}", error.code(), error.message()))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{% {} %}}", self.source)
    }
}

/// What an expression sees: `$states`, the variables, the time and the functions.
pub(crate) struct Scope {
    bindings: Bindings,
    options: Options,
    random: Arc<Mutex<Random>>,
}

impl Scope {
    /// `now` is in milliseconds since the epoch.
    pub(crate) fn new(
        states: Value,
        variables: &Map<String, Value>,
        now: i64,
        random: Random,
    ) -> Self {
        let random = Arc::new(Mutex::new(random));
        let mut bindings = functions(&random);
        for (name, value) in variables {
            bindings = bindings.var(name.clone(), value.clone());
        }
        Self {
            bindings: bindings.var("states", states),
            options: Options::new()
                .now(now)
                .timeout(TIMEOUT)
                .max_steps(MAX_STEPS)
                .max_depth(MAX_DEPTH)
                .max_string_length(MAX_BYTES)
                .max_array_length(MAX_ITEMS)
                .max_result_size(MAX_BYTES),
            random,
        }
    }

    fn draw(&self) -> u64 {
        lock(&self.random).next_u64()
    }
}

fn lock(random: &Mutex<Random>) -> std::sync::MutexGuard<'_, Random> {
    random.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The functions of Step Functions; `$eval` is taken away.
fn functions(random: &Arc<Mutex<Random>>) -> Bindings {
    let (for_random, for_uuid) = (Arc::clone(random), Arc::clone(random));
    Bindings::new()
        .function("partition", binary("partition", functions::partition))
        .function("hash", binary("hash", functions::hash))
        .function(
            "range",
            HostFunction::new(3, |arguments, _| {
                let (first, last, step) = (
                    required("range", arguments, 0)?,
                    required("range", arguments, 1)?,
                    required("range", arguments, 2)?,
                );
                functions::range(first, last, step)
                    .map(Some)
                    .map_err(failure)
            })
            .without_input(),
        )
        .function(
            "parse",
            HostFunction::new(1, |arguments, _| {
                functions::parse(required("parse", arguments, 0)?)
                    .map(Some)
                    .map_err(failure)
            })
            .without_input(),
        )
        .function(
            "random",
            HostFunction::new(1, move |arguments, _| {
                let fraction = match arguments.first().and_then(Option::as_ref) {
                    None => lock(&for_random).next_fraction(),
                    Some(seed) => {
                        let Some(seed) = functions::whole_number(seed) else {
                            return Err(failure("the seed of $random must be an integer".into()));
                        };
                        Random::new(seed.cast_unsigned()).next_fraction()
                    }
                };
                Ok(Some(fraction.into()))
            })
            .without_input(),
        )
        .function(
            "uuid",
            HostFunction::new(0, move |_, _| Ok(Some(lock(&for_uuid).next_uuid().into())))
                .without_input(),
        )
        .function(
            "eval",
            HostFunction::new(1, |_, _| Err(Error::new("T1006"))).without_input(),
        )
}

fn binary(
    name: &'static str,
    function: fn(&Value, &Value) -> Result<Value, String>,
) -> HostFunction {
    HostFunction::new(2, move |arguments, _| {
        let (left, right) = (required(name, arguments, 0)?, required(name, arguments, 1)?);
        function(left, right).map(Some).map_err(failure)
    })
    .without_input()
}

fn required<'a>(
    name: &str,
    arguments: &'a [Option<Value>],
    index: usize,
) -> Result<&'a Value, Error> {
    arguments
        .get(index)
        .and_then(Option::as_ref)
        .ok_or_else(|| failure(format!("${name} needs an argument {}", index + 1)))
}

fn failure(message: String) -> Error {
    // The code that JSONata gives to an error that a function raised itself.
    Error::new("D3137").with("message", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evaluate(source: &str) -> Result<Option<Value>, String> {
        let variables = Map::from_iter([("name".to_owned(), json!("Ada"))]);
        let scope = Scope::new(
            json!({"input": {"n": [1, 2]}}),
            &variables,
            1_700_000_000_000,
            Random::new(1),
        );
        Expression::compile(source)?.evaluate(&scope)
    }

    #[track_caller]
    fn check(source: &str, expected: Value) {
        assert_eq!(evaluate(source), Ok(Some(expected)), "{source}");
    }

    #[track_caller]
    fn check_error(source: &str, part: &str) {
        let error = evaluate(source).unwrap_err();
        assert!(error.contains(part), "{source}: {error}");
    }

    #[test]
    fn sees_states_variables_and_the_given_time() {
        check("$sum($states.input.n)", json!(3));
        check("'Hello ' & $name", json!("Hello Ada"));
        check("$millis()", json!(1_700_000_000_000_i64));
        check("$now()", json!("2023-11-14T22:13:20.000Z"));
    }

    #[test]
    fn knows_the_functions_of_step_functions() {
        check("$partition([1,2,3], 2)", json!([[1, 2], [3]]));
        check("$range(0, 6, 3)", json!([0, 3, 6]));
        check(
            "$hash('abc', 'MD5')",
            json!("900150983cd24fb0d6963f7d28e17f72"),
        );
        check("$parse('{\"a\":1}').a", json!(1));
        check("$random(5) = $random(5)", json!(true));
        check("$random() = $random()", json!(false));
        check("$length($uuid())", json!(36));
    }

    #[test]
    fn has_no_eval() {
        check_error("$eval('1+1')", "T1006");
    }

    #[test]
    fn undefined_is_no_value() {
        assert_eq!(evaluate("$missing"), Ok(None));
        assert_eq!(evaluate("n"), Ok(None));
    }

    #[test]
    fn runaway_expressions_end() {
        check_error("($f := function($n) { 1 + $f($n) }; $f(1))", "D1011");
        check_error("($f := function($n) { $f($n) }; $f(1))", "U1006");
        check_error(
            "$join([1..300000] ~> $map(function($x) {'0123456789abcdef'}))",
            "U1001",
        );
    }

    #[test]
    fn errors_name_the_code() {
        check_error("1 + 'a'", "T2002");
        check_error("$parse('{')", "$parse");
        assert!(Expression::compile("1 +").is_err());
    }
}
