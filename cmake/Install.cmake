# `cmake --install` and what find_package(likewise) reads afterwards.
include(CMakePackageConfigHelpers)
set(likewise_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/likewise)

install(TARGETS likewise likewise_torch ${LIKEWISE_COMPONENTS} EXPORT likewise
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/likewise DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT likewise NAMESPACE likewise:: DESTINATION ${likewise_config_dir}
        FILE likewiseTargets.cmake)
configure_package_config_file(cmake/likewiseConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/likewiseConfig.cmake
                              INSTALL_DESTINATION ${likewise_config_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/likewiseConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/likewiseConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/likewiseConfigVersion.cmake cmake/FmtFirst.cmake
              cmake/TorchWheel.cmake
        DESTINATION ${likewise_config_dir})
