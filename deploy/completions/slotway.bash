# bash completion of slotway. Options are those that slotway --help names.
_slotway()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

    case $previous in
    -c | --config | --password-file | --import)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
        return
        ;;
    --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$current")
        return
        ;;
    --workers)
        mapfile -t COMPREPLY < <(compgen -W auto -- "$current")
        return
        ;;
    --listen | --seed | --admin) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null |
        grep -Eo -- '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | sort -u)" -- "$current")
}
complete -F _slotway slotway
