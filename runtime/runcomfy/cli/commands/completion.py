"""``runcomfy-py completion``: the script that a shell reads to complete command lines."""

from __future__ import annotations

import click

from runcomfy.cli.output import CommandOutput, output_options

__all__ = ["command"]

_BASH = """\
_runcomfy_py() {
    local IFS=$'\\n'
    COMPREPLY=($(RUNCOMFY_WORDBREAKS="$COMP_WORDBREAKS" "${COMP_WORDS[0]/#\\~/$HOME}" \\
        __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace
    fi
}
complete -F _runcomfy_py runcomfy-py"""

_ZSH = """\
#compdef runcomfy-py
_runcomfy_py() {
    local one
    local -a whole open
    for one in "${(@f)$(${~words[1]} __complete zsh "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        if [[ $one == *[=/] ]]; then open+=("$one"); elif [[ -n $one ]]; then whole+=("$one"); fi
    done
    (( $#open )) && compadd -S '' -a open
    (( $#whole )) && compadd -a whole
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _runcomfy_py "$@"
else
    compdef _runcomfy_py runcomfy-py
fi"""

_FISH = """\
function __runcomfy_py_complete
    set -l words (commandline -opc)
    $words[1] __complete fish $words (commandline -ct) 2>/dev/null
end
complete -c runcomfy-py -f -a '(__runcomfy_py_complete)'"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command(name="completion", short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice([*_SCRIPTS]))
@output_options
def command(out: CommandOutput, shell: str) -> None:
    """Print the completion script for SHELL: commands, options, model ids, input names and their choices.

    \b
    bash:  source <(runcomfy-py completion bash)                       in ~/.bashrc
    zsh:   source <(runcomfy-py completion zsh)    after compinit,      in ~/.zshrc
    fish:  runcomfy-py completion fish > ~/.config/fish/completions/runcomfy-py.fish
    """
    from runcomfy.cli.completion_file import write

    write()
    for line in _SCRIPTS[shell].split("\n"):
        out.line(line)
