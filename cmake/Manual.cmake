# Man pages and shell completions: each program writes its own from its list of options (apps/manual.h) right after it is linked.
set(manual_dir ${CMAKE_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${manual_dir})
set(run_program ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0)
foreach(program IN LISTS programs)
  set(name hyplora-${program})
  set(pages ${manual_dir}/${name}.1 ${manual_dir}/${name} ${manual_dir}/_${name} ${manual_dir}/${name}.fish)
  add_custom_command(
    OUTPUT ${pages}
    COMMAND ${run_program} $<TARGET_FILE:${name}> --help-man > ${manual_dir}/${name}.1
    COMMAND ${run_program} $<TARGET_FILE:${name}> --completion bash > ${manual_dir}/${name}
    COMMAND ${run_program} $<TARGET_FILE:${name}> --completion zsh > ${manual_dir}/_${name}
    COMMAND ${run_program} $<TARGET_FILE:${name}> --completion fish > ${manual_dir}/${name}.fish
    DEPENDS ${name} COMMENT "Manual of ${name}")
  install(FILES ${manual_dir}/${name}.1 DESTINATION share/man/man1)
  install(FILES ${manual_dir}/${name} DESTINATION share/bash-completion/completions)
  install(FILES ${manual_dir}/_${name} DESTINATION share/zsh/site-functions)
  install(FILES ${manual_dir}/${name}.fish DESTINATION share/fish/vendor_completions.d)
  list(APPEND manual_files ${pages})
endforeach()
add_custom_target(manual ALL DEPENDS ${manual_files})
