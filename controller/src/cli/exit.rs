//! What the exit codes mean: scripts lean on them, so each stands here by name.

/// All is well; for `status`: every access point stands settled.
pub const WELL: u8 = 0;
/// The controller could not start, or a file could not be written.
pub const FAILED: u8 = 1;
/// clap's own: the command line was not understood.
pub const NOT_UNDERSTOOD: u8 = 2;
/// The configuration file is not taken; standard error says everything that is wrong with it.
pub const CONFIG_REFUSED: u8 = 3;
/// No controller answers, or not in a way that is understood; `snmp`, `profile test`: no device does.
pub const UNREACHABLE: u8 = 4;
/// `status`: an access point is not settled, or the broker, the store or the key is at fault; `key`: the key cannot be
/// read or is left out of account; `snmp`, `profile test`: refused, nothing there, or not as it should be.
pub const NEEDS_A_LOOK: u8 = 5;
/// `render`: the file has no such access point, or gives it no radio plan.
pub const NOTHING_TO_RENDER: u8 = 6;
/// `record verify`, `backup`: lines of the record are not as they were written, or the hash on paper is not in it.
pub const RECORD_WRONG: u8 = 7;

/// The same for people, under `--help`.
pub const TABLE: &str = "\
Exit codes: 0 all is well; 1 failed; 2 command line not understood; 3 configuration refused; 4 no controller or device answers;
5 something needs a look (status, key, snmp, profile); 6 nothing to render; 7 the record is not as it was written";
