//! A script to begin with.

use crate::script::library::is_name;

const TEXT: &str = r#"# A sacpilot script. `sacpilot check FILE` says what is wrong with it, `sacpilot plan FILE` what it may send.
# Commands, patterns and expressions stand in single quotes: '…'
script: NAME
title: 'One line: what holds on the machine afterwards'
about: |
  What a tired person needs to know: the symptom, the causes this looks for, what is changed, what is not.

# Values that the caller may set with -p name=value.
params:
  service:
    type: text
    default: 'w32time'
    about: 'The service that shall run'

steps:
  # A look only reads. `capture` takes values from what the command prints, `holds` says when all is well.
  - id: known
    title: 'the service {{ service }} is there'
    in: cmd
    run: 'sc qc "{{ service }}"'
    holds: 'rc == 0'
    finding:
      severity: error
      text: 'there is no service {{ service }}'
      remedy: 'Look whether its name is spelt as `sc query` lists it.'

  # A condition: checked, changed when it does not hold, checked again. Every change has its way back.
  - id: running
    title: 'the service {{ service }} runs'
    when: 'steps.known.holds'
    in: cmd
    check:
      # The words are translated by Windows, the number is not: 4 is running.
      run: 'sc query "{{ service }}"'
      capture: {state: '^[^:\r\n]+: +[0-9a-f]+ .*$\s+^[^:\r\n]+: +(\d)\b'}
      holds: 'rc == 0 and state | default("") == "4"'
      # Services start slowly: looks again after the change.
      retry: {times: 6, every: 5s}
    change:
      run: 'net start "{{ service }}"'
      codes: [0, 2]
    undo:
      run: 'net stop "{{ service }}" /y'
      codes: [0, 2]
    finding:
      severity: error
      text: 'the service {{ service }} does not run'
"#;

/// The text of a new script; `None` when it cannot be called so.
pub fn of(name: &str) -> Option<String> {
    is_name(name).then(|| TEXT.replacen("NAME", name, 1))
}
