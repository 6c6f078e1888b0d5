//! What a finding says to type, in its command and between its words, is held
//! against the verbs that exist: each finding that comes up in a test of a rule.

use super::finding::Finding;
use crate::spine::remedies::{check, check_command, commands_in};

/// Holds that whoever does as the finding says is not told that there is no such command.
pub(crate) fn can_be_typed(finding: &Finding) {
    if let Some(command) = &finding.command {
        assert_eq!(check_command(command), Ok(()), "{command:?} of {}", finding.code);
    }
    let texts = [&finding.message, &finding.cause, &finding.remedy].into_iter().chain(&finding.evidence);
    for line in texts.flat_map(|text| commands_in(text)) {
        assert_eq!(check(&line), Ok(()), "`{line}` of {}", finding.code);
    }
}
