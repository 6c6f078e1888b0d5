# bash completion for kubectl-stateful
_kubectl_stateful() {
    local words=() count=0 word line lead cut= separator IFS=$'\n'
    COMPREPLY=()
    # bash splits words at `=` and `:`; here they are put together again.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $count -gt 0 && ($word == [=:]* || ${words[count - 1]} == *[=:]) ]]; then
            words[count - 1]+=$word
        else
            words[count]=$word
            count=$((count + 1))
        fi
    done
    # What stands before the last such separator is not replaced and so not repeated.
    word=${words[count - 1]}
    lead=
    if [[ $word == -*=* ]]; then
        lead=${word%%=*}=
    fi
    for separator in = :; do
        if [[ $COMP_WORDBREAKS == *"$separator"* && $word == *"$separator"* ]]; then
            line=${word%"${word##*"$separator"}"}
            [[ ${#line} -gt ${#cut} ]] && cut=$line
        fi
    done
    for line in $(kubectl-stateful __complete "${words[@]}" 2>/dev/null); do
        case $line in
            :2 | :6) compopt -o nospace 2>/dev/null ;;
            :*) ;;
            *)
                line=$lead${line%%$'\t'*}
                COMPREPLY+=("${line#"$cut"}")
                ;;
        esac
    done
}
complete -o default -F _kubectl_stateful kubectl-stateful
