# What `cmake --install` puts where, and the Debian package that `cpack` makes of it.
include(GNUInstallDirs)

install(TARGETS slotway RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/slotway.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
# The page of the options is printed by what it describes.
install(CODE "
    execute_process(COMMAND \"$<TARGET_FILE:slotway>\" --help-options=manual
                    OUTPUT_FILE \"${PROJECT_BINARY_DIR}/slotway.yaml.5\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${PROJECT_BINARY_DIR}/slotway.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES deploy/completions/slotway.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME slotway)
install(FILES deploy/completions/_slotway
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES deploy/completions/slotway.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES config/proxy.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES deploy/slotway.socket DESTINATION lib/systemd/system)

# What is below /usr is configured in /etc; any other prefix has an etc of its own.
install(CODE [[
    if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
        set(slotway_etc /etc/slotway)
    else()
        set(slotway_etc ${CMAKE_INSTALL_PREFIX}/etc/slotway)
    endif()]])
install(CODE "
    if(NOT EXISTS \$ENV{DESTDIR}\${slotway_etc}/proxy.yaml)
        file(INSTALL DESTINATION \${slotway_etc} TYPE FILE FILES ${PROJECT_SOURCE_DIR}/config/proxy.yaml)
    endif()")

# The unit is for /usr as it is. Anywhere else it names the program that was installed with it, and
# that prefix's etc; the prefix is not known before.
install(CODE "
    file(READ ${PROJECT_SOURCE_DIR}/deploy/slotway.service slotway_unit)
    if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
        string(REPLACE \"=slotway \" \"=\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/slotway \"
               slotway_unit \"\${slotway_unit}\")
        string(REPLACE \"/etc/slotway/\" \"\${slotway_etc}/\" slotway_unit \"\${slotway_unit}\")
    endif()
    file(WRITE ${PROJECT_BINARY_DIR}/slotway.service \"\${slotway_unit}\")")
install(FILES ${PROJECT_BINARY_DIR}/slotway.service DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME slotway)
set(CPACK_PACKAGE_VENDOR "slotway authors")
set(CPACK_PACKAGE_CONTACT "slotway authors <slotway@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
    "slotway stands in front of a Redis or Valkey Cluster and behaves like a single Redis: clients\n\
that know nothing of slots, redirections and failovers have one address to talk to.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
file(WRITE ${PROJECT_BINARY_DIR}/conffiles "/etc/slotway/proxy.yaml\n")
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/conffiles
    ${PROJECT_SOURCE_DIR}/deploy/debian/postinst ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
    ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
