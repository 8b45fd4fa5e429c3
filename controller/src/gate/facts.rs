//! What a machine says of itself, checked: 256 bytes each at most, no control characters.

use befund_proto::convert::InvalidField;
use befund_proto::v1;

use crate::store::repository::MachineFacts;

const MAX_BYTES: usize = 256;

/// Reads the facts of a hello or an enrollment.
pub(super) fn read(facts: v1::Facts) -> Result<MachineFacts, InvalidField> {
    Ok(MachineFacts {
        name: text("Facts.host_name", facts.host_name)?,
        os: text("Facts.os", facts.os)?,
        agent_version: text("Facts.agent_version", facts.agent_version)?,
    })
}

fn text(field: &'static str, text: String) -> Result<String, InvalidField> {
    if text.len() > MAX_BYTES {
        let problem = format!("{} bytes; at most {MAX_BYTES} are taken", text.len());
        return Err(InvalidField { field, problem });
    }
    Ok(text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect())
}
