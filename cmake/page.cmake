# The files of the admin page, in the binary: proxy/page/* as one C file, made anew when one changes.
# Run as a script (cmake -P) it writes OUTPUT from FILES; included, it adds that to slotway_server.
if(CMAKE_SCRIPT_MODE_FILE)
    string(REPLACE "," ";" files "${FILES}")
    set(arrays "")
    set(rows "")
    set(number 0)
    foreach(file ${files})
        get_filename_component(name ${file} NAME)
        file(READ ${file} hex HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
        string(APPEND arrays "static const unsigned char file_${number}[] = {${bytes}};\n")
        string(APPEND rows "    {\"/page/${name}\", file_${number}, sizeof file_${number}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    file(WRITE ${OUTPUT} "#include \"proxy/page.h\"\n\n${arrays}\n"
        "const struct page_file page_files[] = {\n${rows}    {0, 0, 0},\n};\n")
    return()
endif()

file(GLOB slotway_page_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proxy/page/*)
list(JOIN slotway_page_files "," slotway_page_list)
add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/page_files.c
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${PROJECT_BINARY_DIR}/page_files.c
        -DFILES=${slotway_page_list} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${slotway_page_files} ${CMAKE_CURRENT_LIST_FILE}
    VERBATIM)
target_sources(slotway_server PRIVATE ${PROJECT_BINARY_DIR}/page_files.c)
