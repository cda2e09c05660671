"""The registry of diagnostic codes: each has a fixed summary here and a page in `pages/`.

VP0xx text and TOML · VP1xx the shape of specs · VP2xx names and references · VP3xx SQL and columns ·
VP4xx Python · VP5xx data and checks · VP6xx environments, variables, secrets, storage · VP7xx plans and state ·
VP8xx tasks and where they run
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Code:
    """`summary` names the kind of problem and holds no user names, so that people learn to recognise it."""

    id: str
    summary: str


_ALL = (
    # text and TOML
    Code("VP001", "File is not UTF-8"),
    Code("VP002", "Invalid TOML"),
    Code("VP003", "Unterminated string"),
    Code("VP004", "Duplicate header"),
    Code("VP005", "Duplicate key"),
    Code("VP006", "File cannot be read"),
    Code("VP007", "File is too large"),
    Code("VP008", "File cannot be written"),
    # the shape of specs
    Code("VP101", "Unknown key"),
    Code("VP102", "Key belongs to another table"),
    Code("VP103", "Wrong type of value"),
    Code("VP104", "Missing key"),
    Code("VP105", "Unknown kind of block"),
    Code("VP106", "Invalid name"),
    Code("VP107", "Unknown check"),
    Code("VP108", "Unknown column type"),
    Code("VP109", "Value not allowed"),
    Code("VP110", "Keys exclude each other"),
    Code("VP111", "Not a project"),
    Code("VP112", "Column type cannot be stored"),
    # names and references
    Code("VP201", "Duplicate asset name"),
    Code("VP202", "Unknown asset"),
    Code("VP203", "Cycle"),
    Code("VP205", "Unknown pipeline"),
    Code("VP206", "Pipeline key stands in two files"),
    Code("VP207", "Selection matches nothing"),
    Code("VP208", "Unknown column in a check"),
    Code("VP209", "Change contradicts the specs"),
    Code("VP210", "Unknown connection"),
    Code("VP211", "Duplicate connection name"),
    # SQL and columns
    Code("VP301", "SQL syntax error"),
    Code("VP302", "Unknown column"),
    Code("VP303", "Ambiguous column"),
    Code("VP304", "Types do not fit"),
    Code("VP305", "Unknown function"),
    Code("VP306", "Query is not one SELECT"),
    Code("VP307", "File or URL read from SQL"),
    Code("VP308", "Unknown parameter"),
    Code("VP309", "Declared type differs"),
    Code("VP310", "Declared column is missing"),
    Code("VP311", "Column declared twice or produced twice"),
    Code("VP312", "Dynamic PIVOT"),
    Code("VP313", "Result depends on row order"),
    Code("VP314", "SQL error"),
    Code("VP315", "Columns unknown"),
    Code("VP316", "No engine for the dialect"),
    Code("VP317", "Query does not ask for its interval"),
    Code("VP318", "Result depends on the deliveries"),
    # Python
    Code("VP401", "Python module does not import"),
    Code("VP402", "Python function missing"),
    Code("VP403", "Parameter names no asset"),
    Code("VP404", "Return value is no table"),
    Code("VP405", "Returned columns differ"),
    Code("VP406", "Python asset failed"),
    Code("VP407", "Package missing"),
    Code("VP408", "Unknown annotation"),
    Code("VP409", "Function cannot be called"),
    Code("VP410", "Generated file was edited"),
    Code("VP411", "Annotation is of another table"),
    Code("VP412", "Module not listed"),
    # data and checks
    Code("VP501", "File not found"),
    Code("VP502", "Pattern matches no file"),
    Code("VP503", "Source columns changed"),
    Code("VP504", "Data cannot be read"),
    Code("VP505", "Changed while read"),
    Code("VP506", "Check failed"),
    Code("VP507", "SQL failed at run time"),
    Code("VP508", "Disk full"),
    Code("VP509", "Snapshot lost or damaged"),
    Code("VP510", "Unknown file format"),
    Code("VP511", "Columns are assumed"),
    Code("VP518", "Rows outside their interval"),
    Code("VP519", "Very many intervals"),
    Code("VP520", "Key is missing"),
    Code("VP521", "Key comes more than once"),
    Code("VP522", "Columns differ from what is gone on with"),
    Code("VP523", "Rows are not as declared"),
    Code("VP530", "File changed after it was read"),
    Code("VP531", "Rows would be lost"),
    Code("VP532", "Files do not fit the asset"),
    Code("VP533", "Came too late to be read"),
    Code("VP534", "Row without a value of the cursor"),
    # environments, variables, secrets, storage
    Code("VP601", "Unknown environment"),
    Code("VP602", "Secret missing"),
    Code("VP603", "Unknown variable"),
    Code("VP604", "Storage belongs to another state"),
    Code("VP605", "Database on a network disk"),
    Code("VP606", "Extra not installed"),
    Code("VP607", "Environment is protected"),
    Code("VP608", "Definitions wait for review"),
    Code("VP609", "Unknown pool"),
    # plans and state
    Code("VP701", "Plan is stale"),
    Code("VP702", "Plan cannot be read"),
    Code("VP703", "Another apply is running"),
    Code("VP704", "Lease lost"),
    Code("VP705", "State written by a newer version"),
    Code("VP706", "State cannot be opened"),
    Code("VP707", "Unknown run"),
    Code("VP708", "Nothing published yet"),
    Code("VP709", "Interrupted"),
    Code("VP710", "Not clear what to promote"),
    Code("VP711", "Promotion would go back in time"),
    Code("VP712", "Earlier version is gone"),
    Code("VP713", "Nothing to undo"),
    Code("VP714", "State can only be read"),
    Code("VP715", "Not a backup to use"),
    Code("VP716", "Removal is prevented"),
    Code("VP717", "Two assets for one name"),
    Code("VP718", "Contract would be broken"),
    # tasks: up to VP810 what holds for all kinds, then the kinds
    Code("VP801", "Worker lost"),
    Code("VP802", "Took too long"),
    Code("VP803", "Condition of a task reads a table"),
    Code("VP805", "Task output missing or of another type"),
    Code("VP806", "Unknown asset or task"),
    Code("VP807", "Unknown task output"),
    Code("VP808", "Condition of a task cannot be evaluated"),
    Code("VP809", "Returned value holds no outputs"),
    Code("VP810", "Items of a task cannot be told apart, or are too many"),
    Code("VP811", "Command failed"),
    Code("VP812", "Outputs cannot be read"),
    Code("VP813", "HTTP request failed"),
    Code("VP814", "Answer is not what was asked for"),
    Code("VP815", "Connection failed"),
    Code("VP816", "Statement failed"),
    Code("VP817", "No container engine"),
    Code("VP818", "Container failed"),
    Code("VP819", "Message not sent"),
    # tests
    Code("VP820", "Test failed"),
    Code("VP821", "Test names what is not there"),
    Code("VP822", "Value of a test is of another type"),
    Code("VP823", "Test does not say enough"),
    # where they run
    Code("VP830", "Executor is not installed"),
    Code("VP831", "Cluster cannot be reached"),
    Code("VP832", "Worker could not begin"),
    Code("VP833", "Worker has other versions"),
    Code("VP834", "Worker does not see the storage"),
    Code("VP835", "Ray cluster lost"),
    Code("VP721", "Work comes to no end"),
)

CODES: dict[str, Code] = {code.id: code for code in _ALL}


def explanation(code: str) -> str:
    """The page of `code` as Markdown. Raises KeyError for an unregistered code."""
    return (files(__package__) / "pages" / f"{CODES[code].id}.md").read_text(encoding="utf-8")
