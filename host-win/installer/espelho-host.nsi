; SPDX-License-Identifier: GPL-2.0-or-later
; The installer of the Windows host. CMake's target `installer` passes VERSION, PROGRAM (the exe), SOURCE (this repository),
; TEXTS (the texts as Windows wants them), OUTPUT and, to sign the uninstaller too, SIGN (a command that takes a file's name).
;
; Switches: /S silent, /D=FOLDER (last), /NOSERVICE, /SERVICE, /LANG=1033 (English), 1046 or 2070 (Portuguese).
; Exit code: 0 done, 1 cancelled, 2 refused or not all could be copied, 3 installed, but the service is not.
; What happened is in ProgramData\Espelho\install.log.
Unicode true
Target amd64-unicode
ManifestSupportedOS Win10
ManifestDPIAware true
RequestExecutionLevel admin
SetCompressor /SOLID lzma
SetDateSave off ; the same files give the same installer
CRCCheck force

!include MUI2.nsh
!include LogicLib.nsh
!include WinVer.nsh
!include x64.nsh
!include FileFunc.nsh
!include Sections.nsh

!define SERVICE EspelhoHost
!define EXE espelho-host.exe
!define KEY "Software\Espelho"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Espelho"
!define FIRST_BUILD 17763 ; Windows 10 1809
!define IVSHMEM_INTERFACE "{df576976-569d-4672-95a0-f57e4ea0b210}"
!define IVSHMEM_PCI "PCI\VEN_1AF4&DEV_1110"
!define EXIT_FAILED 2
!define EXIT_NO_SERVICE 3

Name "Espelho host"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\Espelho"
BrandingText "Espelho ${VERSION}"
ShowInstDetails nevershow
ShowUninstDetails nevershow
!ifdef SIGN
    !uninstfinalize '${SIGN} "%1"' = 0
!endif

VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Espelho"
VIAddVersionKey CompanyName "Espelho"
VIAddVersionKey FileDescription "Espelho host: installer"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey LegalCopyright "GPL-2.0-or-later"

Var OldFolder     ; where an earlier version is; empty: nowhere
Var DataFolder    ; logs and settings: ProgramData\Espelho
Var DeviceState   ; ready, driverless or missing
Var ServiceFailed ; what the program said, empty: nothing failed

!define MUI_ICON "${SOURCE}/host-win/installer/espelho.ico"
!define MUI_UNICON "${SOURCE}/host-win/installer/espelho.ico"
!define MUI_HEADERIMAGE
!define MUI_HEADERIMAGE_RIGHT
!define MUI_HEADERIMAGE_BITMAP "${SOURCE}/host-win/installer/header.bmp"
!define MUI_HEADERIMAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SOURCE}/host-win/installer/side.bmp"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_ABORTWARNING

!define MUI_WELCOMEPAGE_TEXT "$(TEXT_WELCOME)"
!insertmacro MUI_PAGE_WELCOME
!define MUI_LICENSEPAGE_TEXT_BOTTOM "$(TEXT_LICENCE)"
!define MUI_LICENSEPAGE_BUTTON "$(^NextBtn)"
!insertmacro MUI_PAGE_LICENSE "${TEXTS}/LICENSE.txt"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
Page custom show_device_page
!define MUI_FINISHPAGE_SHOWREADME "$INSTDIR\$(TEXT_README_FILE)"
!define MUI_FINISHPAGE_SHOWREADME_TEXT "$(TEXT_SHOW_README)"
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!insertmacro MUI_PAGE_FINISH

!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES

!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE PortugueseBR
!insertmacro MUI_LANGUAGE Portuguese
!include /CHARSET=UTF8 texts.nsh
!include parts.nsh

; ---- installing

; A macro, so that the section knows how large it is.
!macro copy_program
    ; What runs in spite of --stop (a foreground run, say) cannot be overwritten, but renamed.
    Delete "$INSTDIR\espelho-host.old.exe"
    ClearErrors
    Delete "$INSTDIR\${EXE}"
    ${If} ${Errors}
        Rename "$INSTDIR\${EXE}" "$INSTDIR\espelho-host.old.exe"
        Delete /REBOOTOK "$INSTDIR\espelho-host.old.exe"
    ${EndIf}
    ClearErrors
    SetOverwrite try
    File "/oname=${EXE}" "${PROGRAM}"
    File "${TEXTS}/LICENSE.txt"
    File "${TEXTS}/README.txt"
    File "${TEXTS}/LEIAME.txt"
    File "${TEXTS}/espelho-host.sample.ini"
    ${IfNot} ${FileExists} "$DataFolder\espelho-host.ini"
        CopyFiles /SILENT "$INSTDIR\espelho-host.sample.ini" "$DataFolder\espelho-host.ini"
    ${EndIf}
    WriteUninstaller "$INSTDIR\uninstall.exe"
    ${If} ${Errors}
        ${Log} "not everything could be copied to $INSTDIR"
        MessageBox MB_OK|MB_ICONSTOP "$(TEXT_COPY_FAILED)" /SD IDOK
        SetErrorLevel ${EXIT_FAILED}
        Abort
    ${EndIf}
!macroend

Section "$(TEXT_PROGRAM)" section_program
    SectionIn RO
    SetOutPath $INSTDIR
    ClearErrors
    ${Log} "Espelho host ${VERSION}: installing to $INSTDIR"
    Call stop_old_version
    Call secure_folders
    !insertmacro copy_program
    ${If} $OldFolder != ""
    ${AndIf} $OldFolder != $INSTDIR
        ${Log} "removing the earlier version from $OldFolder"
        ${RemoveProgram} $OldFolder
    ${EndIf}
    Call register
SectionEnd

Section "$(TEXT_SERVICE)" section_service
SectionEnd

Section "$(TEXT_START_MENU)" section_menu
SectionEnd

; Runs always, after what can be chosen.
Section "-finish"
    Call set_up_service
    Call set_up_menu
    Call find_device
    ${Log} "shared memory device: $DeviceState"
    ${If} $DeviceState == "missing"
        ${Log} "$(TEXT_DEVICE_MISSING)"
    ${ElseIf} $DeviceState == "driverless"
        ${Log} "$(TEXT_DEVICE_DRIVERLESS)"
    ${EndIf}
    SetOutPath $TEMP ; so that the window with the instructions does not keep our folder from being removed
    ${Log} "done"
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${section_program} "$(TEXT_PROGRAM_MORE)"
    !insertmacro MUI_DESCRIPTION_TEXT ${section_service} "$(TEXT_SERVICE_MORE)"
    !insertmacro MUI_DESCRIPTION_TEXT ${section_menu} "$(TEXT_START_MENU_MORE)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
    SetShellVarContext all ; everything is for all users
    StrCpy $DataFolder "$APPDATA\Espelho"
    Call remove_link
    Call read_language
    ${IfNot} ${IsNativeAMD64}
        ${Refuse} "$(TEXT_NOT_X64)"
    ${EndIf}
    ${IfNot} ${AtLeastBuild} ${FIRST_BUILD}
        ${Refuse} "$(TEXT_OLD_WINDOWS)"
    ${EndIf}
    ReadRegStr $OldFolder HKLM "${KEY}" InstallLocation
    ${If} $OldFolder != ""
    ${AndIf} $INSTDIR == "$PROGRAMFILES64\Espelho" ; no /D=
        StrCpy $INSTDIR $OldFolder
    ${EndIf}
    Call choose_service
FunctionEnd

; What was chosen last time, unless a switch says otherwise.
Function choose_service
    ${GetParameters} $0
    ${If} $OldFolder != ""
        ReadRegDWORD $1 HKLM "${KEY}" Service
        ${If} $1 == 0
            !insertmacro UnselectSection ${section_service}
        ${EndIf}
        ReadRegDWORD $1 HKLM "${KEY}" StartMenu
        ${If} $1 == 0
            !insertmacro UnselectSection ${section_menu}
        ${EndIf}
    ${EndIf}
    ClearErrors
    ${GetOptions} $0 "/SERVICE" $1
    ${IfNot} ${Errors}
        !insertmacro SelectSection ${section_service}
    ${EndIf}
    ClearErrors
    ${GetOptions} $0 "/NOSERVICE" $1
    ${IfNot} ${Errors}
        !insertmacro UnselectSection ${section_service}
    ${EndIf}
FunctionEnd

; The earlier program stops its service, and with it the capture and the tray.
Function stop_old_version
    ${If} $OldFolder == ""
        StrCpy $1 $INSTDIR
    ${Else}
        StrCpy $1 $OldFolder
    ${EndIf}
    ${If} ${FileExists} "$1\${EXE}"
        ${Log} "stopping the earlier version in $1"
        ${Run} '"$1\${EXE}" --stop'
    ${EndIf}
FunctionEnd

; ProgramData is everybody's: a link of this name, made before we came, would turn what follows on some other folder.
Function remove_link
    System::Call 'kernel32::GetFileAttributesW(w "$DataFolder") i .r0'
    ${If} $0 <> -1
        IntOp $0 $0 & 0x400 ; FILE_ATTRIBUTE_REPARSE_POINT
        ${If} $0 <> 0
            RMDir "$DataFolder" ; the link, not what it leads to
        ${EndIf}
    ${EndIf}
FunctionEnd

; A program that runs as the system, its settings and its logs must not be changed by everybody: Windows lets any user write into
; a new folder of C:\ or ProgramData.
Function secure_folders
    CreateDirectory $DataFolder
    ${Run} '"$SYSDIR\icacls.exe" "$DataFolder" /setowner *S-1-5-32-544 /T /C /Q'
    ${Run} '"$SYSDIR\icacls.exe" "$DataFolder" /inheritance:r /grant:r ${ACL} /C /Q'
    ${Run} '"$SYSDIR\icacls.exe" "$DataFolder\*" /reset /T /C /Q'
    ${If} $INSTDIR != "$PROGRAMFILES64\Espelho"
        ${Run} '"$SYSDIR\icacls.exe" "$INSTDIR" /inheritance:r /grant:r ${ACL} /C /Q'
    ${EndIf}
FunctionEnd

Function register
    WriteRegStr HKLM "${KEY}" InstallLocation "$INSTDIR"
    WriteRegStr HKLM "${KEY}" Version "${VERSION}"
    WriteRegDWORD HKLM "${KEY}" Language $LANGUAGE
    WriteRegStr HKLM "${UNINSTALL_KEY}" DisplayName "Espelho host"
    WriteRegStr HKLM "${UNINSTALL_KEY}" DisplayVersion "${VERSION}"
    WriteRegStr HKLM "${UNINSTALL_KEY}" DisplayIcon "$INSTDIR\${EXE},0"
    WriteRegStr HKLM "${UNINSTALL_KEY}" Publisher "Espelho"
    WriteRegStr HKLM "${UNINSTALL_KEY}" InstallLocation "$INSTDIR"
    WriteRegStr HKLM "${UNINSTALL_KEY}" UninstallString '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKLM "${UNINSTALL_KEY}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKLM "${UNINSTALL_KEY}" NoModify 1
    WriteRegDWORD HKLM "${UNINSTALL_KEY}" NoRepair 1
    SectionGetSize ${section_program} $0
    WriteRegDWORD HKLM "${UNINSTALL_KEY}" EstimatedSize $0
FunctionEnd

Function set_up_service
    ${IfNot} ${SectionIsSelected} ${section_service}
        WriteRegDWORD HKLM "${KEY}" Service 0
        ReadRegStr $0 HKLM "System\CurrentControlSet\Services\${SERVICE}" ImagePath
        ${If} $0 != ""
            ${Log} "without a service, as was chosen"
            ${Run} '"$INSTDIR\${EXE}" --uninstall-service'
        ${EndIf}
        Return
    ${EndIf}
    WriteRegDWORD HKLM "${KEY}" Service 1
    ${Run} '"$INSTDIR\${EXE}" --install-service'
    ${If} $RunStatus == 0
        ${Run} '"$INSTDIR\${EXE}" --start'
    ${EndIf}
    ${If} $RunStatus != 0
        StrCpy $ServiceFailed $RunOutput
        MessageBox MB_OK|MB_ICONEXCLAMATION "$(TEXT_SERVICE_FAILED)" /SD IDOK
        SetErrorLevel ${EXIT_NO_SERVICE}
    ${EndIf}
FunctionEnd

Function set_up_menu
    RMDir /r "$SMPROGRAMS\Espelho"
    ${IfNot} ${SectionIsSelected} ${section_menu}
        WriteRegDWORD HKLM "${KEY}" StartMenu 0
        Return
    ${EndIf}
    WriteRegDWORD HKLM "${KEY}" StartMenu 1
    CreateDirectory "$SMPROGRAMS\Espelho"
    CreateShortcut "$SMPROGRAMS\Espelho\$(TEXT_LINK_LOGS).lnk" "$DataFolder"
    CreateShortcut "$SMPROGRAMS\Espelho\$(TEXT_LINK_SETTINGS).lnk" "$SYSDIR\notepad.exe" '"$DataFolder\espelho-host.ini"'
    ${RunAsAdministrator} "$SMPROGRAMS\Espelho\$(TEXT_LINK_SETTINGS).lnk"
    CreateShortcut "$SMPROGRAMS\Espelho\$(TEXT_LINK_README).lnk" "$INSTDIR\$(TEXT_README_FILE)"
    CreateShortcut "$SMPROGRAMS\Espelho\$(TEXT_LINK_UNINSTALL).lnk" "$INSTDIR\uninstall.exe"
FunctionEnd

; What is still to do. Not shown when there is nothing.
Function show_device_page
    ${If} $DeviceState == "ready"
        Abort
    ${EndIf}
    !insertmacro MUI_HEADER_TEXT "$(TEXT_DEVICE_TITLE)" "$(TEXT_DEVICE_SUBTITLE)"
    nsDialogs::Create 1018
    Pop $0
    ${If} $DeviceState == "missing"
        ${NSD_CreateLabel} 0 0 100% 100% "$(TEXT_DEVICE_MISSING)"
    ${Else}
        ${NSD_CreateLabel} 0 0 100% 100% "$(TEXT_DEVICE_DRIVERLESS)"
    ${EndIf}
    Pop $0
    GetDlgItem $0 $HWNDPARENT 3 ; there is no way back: everything is installed
    EnableWindow $0 0
    nsDialogs::Show
FunctionEnd

; ---- removing

Section "un.$(TEXT_PROGRAM)" section_un_program
    SectionIn RO
    ${Log} "Espelho host ${VERSION}: removing from $INSTDIR"
    ${Run} '"$INSTDIR\${EXE}" --uninstall-service'
    ${If} $RunStatus == "error" ; the program is not there any more
        ${Run} '"$SYSDIR\net.exe" stop ${SERVICE}'
        ${Run} '"$SYSDIR\sc.exe" delete ${SERVICE}'
    ${EndIf}
    ${RemoveProgram} $INSTDIR
    RMDir /r "$SMPROGRAMS\Espelho"
    DeleteRegKey HKLM "${UNINSTALL_KEY}"
    DeleteRegKey HKLM "${KEY}"
    ${Log} "removed; logs and settings stay in $DataFolder unless they are chosen as well"
SectionEnd

Section /o "un.$(TEXT_DATA)" section_un_data
    RMDir /r "$DataFolder"
SectionEnd

!insertmacro MUI_UNFUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${section_un_program} "$(TEXT_UNINSTALL_MORE)"
    !insertmacro MUI_DESCRIPTION_TEXT ${section_un_data} "$(TEXT_DATA_MORE)"
!insertmacro MUI_UNFUNCTION_DESCRIPTION_END

Function un.onInit
    SetShellVarContext all
    StrCpy $DataFolder "$APPDATA\Espelho"
    ReadRegDWORD $0 HKLM "${KEY}" Language
    ${If} $0 != 0
        StrCpy $LANGUAGE $0
    ${EndIf}
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/PURGE" $1
    ${IfNot} ${Errors}
        !insertmacro SelectSection ${section_un_data}
    ${EndIf}
FunctionEnd
