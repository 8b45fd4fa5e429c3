//! Every key of the language.

use befund_model::action::Risk;

use super::form::Form::{
    Both, By, Duration, Either, Flag, List, Map, Object as Of, Pattern, Refused, Size, Template,
    Text, Value, Whole, Words,
};
use super::form::Need::{Default, Required};
use super::form::{Form, Key, Need, Object, Sees};
use super::pattern::{ANSWER, CAUSE, CHECK, LABEL, NAME, PROBE, RUNBOOK, SCRIPT, SECTION};
use super::words::{self, InputType, Interruption};
use crate::document::{Consent, Interpreter, OnInterrupt, System, Whom};

/// A second, in milliseconds.
const S: u64 = 1_000;
/// A minute.
const M: u64 = 60 * S;
/// An hour.
const H: u64 = 60 * M;
/// Characters of a title.
const LINE: usize = 120;
/// Characters of what a person reads at length.
const PARAGRAPH: usize = 1_000;
/// What is left out where nothing is said.
const NONE: Need = Default("none");

/// An expression over facts.
const EXPRESSION: Form = Form::Expression(Sees::Facts);

const fn key(name: &'static str, need: Need, form: Form, says: &'static str) -> Key {
    Key { name, need, form, says }
}

/// The whole.
pub(crate) const ROOT: Object = Object {
    noun: "a runbook",
    keys: &[
        key("api", Required, Words(words::apis), "The version of the language."),
        key("runbook", Required, Pattern(&RUNBOOK), "The runbook's name."),
        key(
            "version",
            Required,
            Whole { min: 1, max: 1_000_000 },
            "Counted up with each change; every run records it.",
        ),
        key("title", Required, Both(LINE), "What it is for, in a few words."),
        key("about", Required, Both(PARAGRAPH), "What it does, for whoever chooses it."),
        key(
            "fits",
            Default("it is offered nowhere by itself"),
            Of(&FITS),
            "Where it is offered by itself.",
        ),
        key(
            "offline",
            Default("false"),
            Flag,
            "Whether the agent keeps it at hand for when there is no network.",
        ),
        key("limits", Default("those of its keys"), Of(&LIMITS), "The bounds of a whole run."),
        key(
            "resume",
            Default("it goes on after all of them"),
            Of(&RESUME),
            "After what a run that was interrupted goes on; it then measures and judges anew.",
        ),
        key(
            "inputs",
            NONE,
            Map { names: &NAME, of: &Of(&INPUT), most: 20 },
            "What whoever starts it may set; `inputs.NAME` in expressions.",
        ),
        key(
            "collect",
            Required,
            Map { names: &NAME, of: &By(&[&PROBE_STEP, &SECTION_STEP]), most: 40 },
            "What is measured, side by side; each name stands for its facts in expressions.",
        ),
        key(
            "ask",
            NONE,
            Map { names: &NAME, of: &Of(&QUESTION), most: 20 },
            "What a person is asked; `ask.NAME` in expressions.",
        ),
        key(
            "causes",
            Required,
            List { of: &Of(&CAUSE_KEYS), most: 60 },
            "What may be wrong, in the order in which it is put right.",
        ),
        key(
            "accept",
            Default("no cause is found any more"),
            EXPRESSION,
            "When the trouble is over.",
        ),
        key(
            "escalate",
            Default("the ticket stays where it is"),
            Of(&ESCALATE),
            "Whom the ticket goes to otherwise.",
        ),
        key(
            "redact",
            NONE,
            Refused("the agent redacts everything that it measures, whatever a runbook says"),
            "",
        ),
    ],
};

const FITS: Object = Object {
    noun: "where a runbook fits",
    keys: &[
        key(
            "systems",
            Default("all"),
            List { of: &Words(words::words::<System>), most: 3 },
            "The systems that it can run on.",
        ),
        key(
            "categories",
            NONE,
            List { of: &Pattern(&CHECK), most: 20 },
            "Categories of checks, as in `network`.",
        ),
        key(
            "findings",
            NONE,
            List { of: &Pattern(&CHECK), most: 60 },
            "Checks whose failing makes it likely, as in `net.dns`.",
        ),
        key(
            "words",
            NONE,
            List { of: &Text(40), most: 60 },
            "Words that people use for it, in any language, as in `internet`.",
        ),
    ],
};

const LIMITS: Object = Object {
    noun: "the bounds of a run",
    keys: &[
        key(
            "wall",
            Default("20m"),
            Duration { min: 10 * S, max: 4 * H },
            "Its time, without that in which people are waited for.",
        ),
        key(
            "output",
            Default("1MiB"),
            Size { min: 1 << 10, max: 16 << 20 },
            "What its steps may print, together.",
        ),
        key("reboots", Default("0"), Whole { min: 0, max: 5 }, "How many restarts it may need."),
    ],
};

const RESUME: Object = Object {
    noun: "when a run goes on",
    keys: &[
        key(
            "on",
            Default("all of them"),
            List { of: &Words(words::words::<Interruption>), most: 3 },
            "After what a run goes on.",
        ),
        key("recheck", NONE, Refused("a run that goes on always measures and judges anew"), ""),
    ],
};

const INPUT: Object = Object {
    noun: "an input",
    keys: &[
        key("type", Required, Words(words::words::<InputType>), "What it may be."),
        key("title", Required, Both(LINE), "One line for whoever sets it."),
        key("default", Default("it must be set"), Value, "Its value if nothing is set."),
        key(
            "min",
            Default("0"),
            Whole { min: i64::MIN, max: i64::MAX },
            "Of a number: the smallest.",
        ),
        key(
            "max",
            Default("1000000"),
            Whole { min: i64::MIN, max: i64::MAX },
            "Of a number: the largest.",
        ),
        key(
            "words",
            NONE,
            List { of: &Pattern(&ANSWER), most: 40 },
            "Of a word: those that may be chosen.",
        ),
    ],
};

const RETRY: Object = Object {
    noun: "how it is tried again",
    keys: &[
        key("max", Required, Whole { min: 0, max: 10 }, "How often."),
        key(
            "backoff",
            Default("1s"),
            Duration { min: 100, max: M },
            "How long is waited before the first; doubled for each further one.",
        ),
    ],
};

const STEP_TIMEOUT: Form = Duration { min: 100, max: 10 * M };

const PROBE_STEP: Object = Object {
    noun: "a measurement",
    keys: &[
        key("probe", Required, Pattern(&PROBE), "The probe and the version of its facts."),
        key("timeout", Default("the probe's own"), STEP_TIMEOUT, "How long it may take."),
        key("retry", Default("it is not tried again"), Of(&RETRY), "When it fails."),
        key("with", NONE, PARAMETERS, "Its parameters."),
    ],
};

const SECTION_STEP: Object = Object {
    noun: "a section that is read now",
    keys: &[
        key("section", Required, Pattern(&SECTION), "The section of the snapshot."),
        key("timeout", Default("30s"), STEP_TIMEOUT, "How long it may take."),
        key("retry", Default("it is not tried again"), Of(&RETRY), "When it fails."),
    ],
};

const PARAMETERS: Form = Map { names: &NAME, of: &Template, most: 20 };

const QUESTION: Object = Object {
    noun: "a question",
    keys: &[
        key("when", Default("it is always asked"), EXPRESSION, "Only then is it asked."),
        key("to", Default("user"), Words(words::words::<Whom>), "Who is asked."),
        key("text", Required, Both(300), "The question."),
        key(
            "choice",
            Required,
            List { of: &Either(&Pattern(&ANSWER), &Of(&CHOICE)), most: 10 },
            "The answers to choose from; `yes`, `no`, `unsure` and `later` alone bring their texts.",
        ),
        key(
            "timeout",
            Default("10m"),
            Duration { min: 10 * S, max: 24 * H },
            "How long is waited for an answer.",
        ),
        key(
            "default",
            Required,
            Pattern(&ANSWER),
            "What is taken when nobody answers; one of the choices.",
        ),
    ],
};

const CHOICE: Object = Object {
    noun: "an answer",
    keys: &[
        key("value", Required, Pattern(&ANSWER), "As expressions see it."),
        key("text", Required, Both(LINE), "As people read it."),
    ],
};

const CAUSE_KEYS: Object = Object {
    noun: "a cause",
    keys: &[
        key("id", Required, Pattern(&CAUSE), "Its id within the runbook."),
        key("title", Required, Both(LINE), "What it says of the machine, for a technician."),
        key("when", Required, EXPRESSION, "When it is the case: the detector."),
        key(
            "evidence",
            NONE,
            Map { names: &LABEL, of: &EXPRESSION, most: 20 },
            "The facts that show it: a label and an expression for each.",
        ),
        key(
            "explains",
            NONE,
            List { of: &Pattern(&CAUSE), most: 60 },
            "The causes that would follow from this one, and are not put right while it is found.",
        ),
        key(
            "advice",
            Default("what the first fix says"),
            Both(PARAGRAPH),
            "What a technician does about it, where no fix can or none helps.",
        ),
        key(
            "fix",
            Default("nothing is done about it"),
            List { of: &By(&[&ACT_FIX, &SCRIPT_FIX]), most: 10 },
            "What to do, one after the other until it is verified.",
        ),
        key(
            "verify",
            Default("it is not verified, which only `read` fixes allow"),
            Of(&VERIFY),
            "When it is put right.",
        ),
    ],
};

const VERIFY: Object = Object {
    noun: "a verifier",
    keys: &[
        key("within", Default("30s"), Duration { min: S, max: 24 * H }, "Within this time."),
        key("every", Default("5s"), Duration { min: 500, max: 10 * M }, "How often is looked."),
        key("until", Default("the cause's `when` is false"), EXPRESSION, "What must hold."),
    ],
};

const CONFIRM: Object = Object {
    noun: "a confirmation",
    keys: &[
        key("within", Default("60s"), Duration { min: 5 * S, max: 10 * M }, "Within this time."),
        key(
            "until",
            Default("what worked before has not stopped working"),
            EXPRESSION,
            "What must hold.",
        ),
        key("else", Default("undo"), Words(words::elses), "What happens otherwise."),
    ],
};

const WHEN: Key = key("when", Default("always"), EXPRESSION, "Only then is it done.");
const TEXT: Key = key(
    "text",
    Default("the action's own sentence"),
    Both(PARAGRAPH),
    "What the person at the machine is told: what will be changed, and why.",
);
const CONSENT: Key = key(
    "consent",
    Default("by risk: policy for read, user for change, present for disruptive"),
    Words(words::words::<Consent>),
    "Who has to agree: the machine's policy, the user (or the policy where nobody is signed in), or a user who is there now.",
);
const ON_INTERRUPT: Key = key(
    "on_interrupt",
    Default("recheck"),
    Words(words::words::<OnInterrupt>),
    "What happens with it after an interruption; `rerun` only of what can be done twice.",
);
const CONFIRM_KEY: Key = key(
    "confirm",
    Default(
        "none; of an action that touches the network, that within 60s what worked before still works",
    ),
    Of(&CONFIRM),
    "What must hold shortly after it, or else it is undone by itself.",
);
const FIX_WITH: Key = key("with", NONE, PARAMETERS, "Its parameters.");

const ACT_FIX: Object = Object {
    noun: "a fix",
    keys: &[
        key(
            "act",
            Required,
            Words(words::acts),
            "The action; or `user.instruct`, `user.open_url`, `machine.reboot`.",
        ),
        FIX_WITH,
        WHEN,
        key(
            "risk",
            Default("the action's own"),
            Words(words::words::<Risk>),
            "What it may do; a runbook may raise it, never lower it.",
        ),
        CONSENT,
        TEXT,
        key(
            "timeout",
            Default("the action's own"),
            Duration { min: S, max: 2 * H },
            "How long it may take.",
        ),
        ON_INTERRUPT,
        key(
            "undo",
            Default("auto where the action can be undone, else none"),
            Either(&Words(words::undos), &Of(&UNDO_SCRIPT)),
            "How it is undone: as the action can, not at all, by another action (which gets those of the parameters that it takes), or by a script.",
        ),
        CONFIRM_KEY,
    ],
};

const SCRIPT_FIX: Object = Object {
    noun: "a fix by a script",
    keys: &[
        key("script", Required, Pattern(&SCRIPT), "Its path within the catalogue."),
        INTERPRETER,
        REPEAT,
        FIX_WITH,
        WHEN,
        key(
            "risk",
            Default("disruptive"),
            Words(words::words::<Risk>),
            "What it may do. It counts as disruptive unless its signers say less.",
        ),
        CONSENT,
        TEXT,
        key("timeout", Default("60s"), Duration { min: S, max: 2 * H }, "How long it may take."),
        ON_INTERRUPT,
        key(
            "undo",
            Default("none"),
            Either(&Words(words::undos), &Of(&UNDO_SCRIPT)),
            "How it is undone: not at all, by an action, or by another script, which gets the same parameters.",
        ),
        CONFIRM_KEY,
    ],
};

const INTERPRETER: Key = key(
    "interpreter",
    Default("by the path's ending: .sh, .ps1, .py"),
    Words(words::words::<Interpreter>),
    "What runs it.",
);
const REPEAT: Key = key(
    "repeat",
    Default("never"),
    Words(words::repeats),
    "Whether doing it twice is as doing it once.",
);

const UNDO_SCRIPT: Object = Object {
    noun: "an undo by a script",
    keys: &[
        key("script", Required, Pattern(&SCRIPT), "Its path within the catalogue."),
        INTERPRETER,
        REPEAT,
    ],
};

const ESCALATE: Object = Object {
    noun: "an escalation",
    keys: &[
        key(
            "when",
            Default("the trouble is not over"),
            Form::Expression(Sees::Ending),
            "Only then is it escalated.",
        ),
        key(
            "to",
            Required,
            Form::Expression(Sees::Ending),
            "The group: an expression whose value is a text.",
        ),
        key(
            "attach",
            NONE,
            Refused(
                "an escalation always carries facts, causes, attempts, answers and differences",
            ),
            "",
        ),
    ],
};
