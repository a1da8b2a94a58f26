/**
 * What a shell loads. Each asks `chatter completion --candidates -- WORDS…`, whose first line says what follows: `words`,
 * or `files` for the shell's own. Words are names that others chose, so each shell must quote what it puts in.
 */
const BASH = `_chatter() {
  local current="\${COMP_WORDS[COMP_CWORD]}" bare lines word quoted
  bare="\${current#[\\"\\']}"
  bare="\${bare//\\\\/}"
  mapfile -t lines < <("\${COMP_WORDS[0]}" completion --candidates -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  if [ "\${lines[0]}" = files ]; then
    compopt -o default 2>/dev/null
    return
  fi
  for word in "\${lines[@]:1}"; do
    [ "\${word:0:\${#bare}}" = "$bare" ] || continue
    case "$current" in
      \\'*) [ "\${word//\\'/}" = "$word" ] && COMPREPLY+=("$word") ;;
      \\"*) [ "\${word//[\\"\\\\\\\\\\$\\\`!]/}" = "$word" ] && COMPREPLY+=("$word") ;;
      *) printf -v quoted %q "$word" && COMPREPLY+=("$quoted") ;;
    esac
  done
}
complete -F _chatter chatter
`;

const ZSH = `#compdef chatter
_chatter() {
  local -a lines
  lines=("\${(@f)$("\${(Q)words[1]}" completion --candidates -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    _files
  else
    compadd -- "\${(@)lines[2,-1]}"
  fi
}
compdef _chatter chatter
`;

const FISH = `function __chatter_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] completion --candidates -- $words[2..-1] "$current" 2>/dev/null)
  if test "$lines[1]" = files
    __fish_complete_path "$current"
  else
    printf '%s\\n' $lines[2..-1]
  end
end
complete -c chatter -f -a '(__chatter_complete)'
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
