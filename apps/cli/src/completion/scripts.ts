import type { CliContext } from '../context.js'

/** Completion script for each shell. It passes the line up to the cursor to `hms-svc __complete`, and offers its output. */
export const SCRIPTS = {
  // Bash splits words at @, : and =, and replaces only the text after the last split, so the script removes the text before it from each
  // candidate. Bash inserts candidates unchanged, so the script quotes each one for the quote that is open at the cursor, because names are
  // foreign text. // guard: completion-quotes
  bash: `# hms-svc completion for bash: source it, or put it into /etc/bash_completion.d
_hms_svc_quote() { # sets candidate to the text $2 as it is written behind the open quote $1
  local at
  candidate=""
  for ((at = 0; at < \${#2}; at++)); do
    case "$1\${2:at:1}" in
      \\'\\') candidate+="'\\\\''" ;;
      \\"[\\\\\\"\\$\\\`]) candidate+="\\\\\${2:at:1}" ;;
      \\"!) candidate+="\\"'!'\\"" ;;
      *) candidate+="\${2:at:1}" ;;
    esac
  done
}
_hms_svc() {
  local line="\${COMP_LINE:0:COMP_POINT}" candidates open="" char at
  COMPREPLY=()
  if ! candidates="$(hms-svc __complete "$line" 2>/dev/null)"; then
    compopt -o default 2>/dev/null
    return
  fi
  local typed="\${line##*[[:space:]]}" before candidate
  before="\${typed%"\${typed##*[@:=]}"}"
  for ((at = 0; at < \${#line}; at++)); do
    char="\${line:at:1}"
    case "$open$char" in
      \\'\\' | \\"\\") open="" ;;
      \\'?) ;;
      *\\\\) ((at++)) ;;
      \\' | \\") open="$char" ;;
    esac
  done
  while IFS=$'\\t' read -r candidate _; do
    [ -n "$candidate" ] || continue
    candidate="\${candidate#"$before"}"
    if [ -z "$open" ]; then
      printf -v candidate '%q' "$candidate"
    else
      _hms_svc_quote "$open" "$candidate"
    fi
    COMPREPLY+=("$candidate")
  done <<<"$candidates"
}
complete -F _hms_svc hms-svc
`,
  zsh: `#compdef hms-svc
# hms-svc completion for zsh: put it into a folder of fpath as _hms-svc
_hms_svc() {
  local -a texts shown
  local answer line text about
  line="\${(j: :)words[1,CURRENT]}"
  if ! answer="$(hms-svc __complete "$line" 2>/dev/null)"; then
    _files
    return
  fi
  while IFS=$'\\t' read -r text about; do
    [[ -n $text ]] || continue
    texts+=("$text")
    shown+=("\${text}\${about:+  -- $about}")
  done <<<"$answer"
  compadd -l -d shown -a texts
}
if [ "$funcstack[1]" = "_hms-svc" ]; then _hms_svc "$@"; else compdef _hms_svc hms-svc; fi
`,
  fish: `# hms-svc completion for fish: ~/.config/fish/completions/hms-svc.fish
function __hms_svc_complete
    set -l answer (hms-svc __complete (commandline -cp) 2>/dev/null)
    if test $status -eq 0
        printf '%s\\n' $answer
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c hms-svc -f -a '(__hms_svc_complete)'
`,
  powershell: `# hms-svc completion for PowerShell: add it to $PROFILE
Register-ArgumentCompleter -Native -CommandName hms-svc -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $line = $commandAst.ToString()
  if ($cursorPosition -gt $line.Length) { $line = $line.PadRight($cursorPosition) } else { $line = $line.Substring(0, $cursorPosition) }
  hms-svc __complete $line 2>$null | ForEach-Object {
    $text, $about = $_ -split "\`t", 2
    if (-not $about) { $about = $text }
    $quoted = if ($text -match '^[\\w@.:+-]+$') { $text } else {
      "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($text) + "'"
    }
    [System.Management.Automation.CompletionResult]::new($quoted, $text, 'ParameterValue', $about)
  }
}
`,
} as const

export function printScript({ io, output }: CliContext, shell: string): void {
  const script = SCRIPTS[shell as keyof typeof SCRIPTS]
  if (output.mode === 'json') output.data({ shell, script }, () => [])
  else io.stdout.write(script)
}
