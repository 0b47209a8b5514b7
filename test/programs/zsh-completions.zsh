# zsh zsh-completions.zsh SCRIPT LINE: prints what an interactive zsh that has sourced SCRIPT offers behind LINE, a word a line.
# Completion needs a line editor, and that a terminal: zpty gives one. Every offer goes through `compadd`.
if [[ -n $COMPLETES ]]; then
  # Within the terminal.
  PROMPT=
  autoload -Uz compinit && compinit -u -D
  source $COMPLETES
  bindkey '^I' complete-word
  zstyle ':completion:*' insert-tab false
  compadd () {
    local -a hits
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
      builtin compadd -A hits "$@"
      (( $#hits )) && print -rl -- ${hits/#/offer:}
    fi
    builtin compadd "$@"
  }
  over () { print over: }
  comppostfuncs=(over)
  print ready:
  return
fi

zmodload zsh/zpty
export COMPLETES=$1
zpty shell zsh -f -i
zpty -w shell "source ${(q)0:A}"
while zpty -r shell line; do [[ $line == ready:* ]] && break; done
zpty -n -w shell "$2"$'\t'
while zpty -r shell line; do
  line=${line//[$'\r\n']/}
  [[ $line == *over:* ]] && break
  [[ $line == *offer:* ]] && print -r -- ${line##*offer:}
done
zpty -d shell
