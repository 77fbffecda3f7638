; SPDX-License-Identifier: GPL-2.0-or-later
; What installing and removing have in common. A macro and its function per verb; `un.` functions are what NSIS demands.

Var RunStatus ; of the last ${Run}: exit code, "error" (did not start) or "timeout"
Var RunOutput

; SYSTEM and administrators: all; users: read.
!define ACL "*S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX"

; ${Log} TEXT: a line in install.log (UTF-16) and in the list of details.
!define Log "!insertmacro log"
!macro log TEXT
    Push `${TEXT}`
    !ifdef __UNINSTALL__
        Call un.log
    !else
        Call log
    !endif
!macroend
!macro log_function PREFIX
Function ${PREFIX}log
    Exch $9
    Push $0
    Push $1
    Push $2
    Push $3
    Push $4
    Push $5
    Push $6
    Push $7
    DetailPrint $9
    ${GetTime} "" L $0 $1 $2 $3 $4 $5 $6 ; day month year weekday hour minute second
    CreateDirectory $DataFolder
    FileOpen $7 "$DataFolder\install.log" a
    FileSeek $7 0 END
    FileWriteUTF16LE /BOM $7 "$2-$1-$0 $4:$5:$6 $9$\r$\n"
    FileClose $7
    Pop $7
    Pop $6
    Pop $5
    Pop $4
    Pop $3
    Pop $2
    Pop $1
    Pop $0
    Pop $9
FunctionEnd
!macroend
!insertmacro log_function ""
!insertmacro log_function "un."

; ${Run} COMMAND: waits for it, at most a minute; status and output to the log, $RunStatus and $RunOutput.
!define Run "!insertmacro run"
!macro run COMMAND
    nsExec::ExecToStack /TIMEOUT=60000 `${COMMAND}`
    Pop $RunStatus
    Pop $RunOutput
    ${If} $RunStatus == 0
        ${Log} `${COMMAND}: ok`
    ${Else}
        ${Log} `${COMMAND}: status $RunStatus: $RunOutput`
    ${EndIf}
!macroend

; ${Refuse} TEXT: nothing is installed.
!define Refuse "!insertmacro refuse"
!macro refuse TEXT
    ${Log} "refused: ${TEXT}"
    MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
!macroend

; ${RemoveProgram} FOLDER: our files, and the folder if nothing else is in it.
!define RemoveProgram "!insertmacro remove_program"
!macro remove_program FOLDER
    ClearErrors
    Delete "${FOLDER}\${EXE}"
    ${If} ${Errors}
        Rename "${FOLDER}\${EXE}" "${FOLDER}\espelho-host.old.exe"
    ${EndIf}
    Delete /REBOOTOK "${FOLDER}\espelho-host.old.exe"
    Delete "${FOLDER}\LICENSE.txt"
    Delete "${FOLDER}\README.txt"
    Delete "${FOLDER}\LEIAME.txt"
    Delete "${FOLDER}\espelho-host.sample.ini"
    Delete "${FOLDER}\uninstall.exe"
    SetOutPath $TEMP ; a folder in which somebody stands cannot be removed
    RMDir "${FOLDER}"
!macroend

; ${RunAsAdministrator} LINK: sets the flag SLDF_RUNAS_USER in a shortcut, bit 13 of the 32-bit flags at byte 20.
!define RunAsAdministrator "!insertmacro run_as_administrator"
!macro run_as_administrator LINK
    FileOpen $0 "${LINK}" a
    FileSeek $0 21
    FileReadByte $0 $1
    IntOp $1 $1 | 0x20
    FileSeek $0 21
    FileWriteByte $0 $1
    FileClose $0
!macroend

; /LANG=: the language of messages, for who wants another than that of Windows.
Function read_language
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/LANG=" $1
    ${IfNot} ${Errors}
        StrCpy $LANGUAGE $1
    ${EndIf}
FunctionEnd

; $DeviceState: "ready" (a present device offers the driver's interface), "driverless" (the PCI device is present) or "missing".
Function find_device
    StrCpy $DeviceState "missing"
    ; 0x12: DIGCF_PRESENT | DIGCF_DEVICEINTERFACE. SP_DEVICE_INTERFACE_DATA and SP_DEVINFO_DATA: 32 bytes, size first.
    System::Call 'setupapi::SetupDiGetClassDevsW(g "${IVSHMEM_INTERFACE}", p 0, p 0, i 0x12) p .r0'
    System::Call '*(i 32, g, i, p) p .r1'
    System::Call 'setupapi::SetupDiEnumDeviceInterfaces(p r0, p 0, g "${IVSHMEM_INTERFACE}", i 0, p r1) i .r2'
    System::Call 'setupapi::SetupDiDestroyDeviceInfoList(p r0)'
    System::Free $1
    ${If} $2 <> 0
        StrCpy $DeviceState "ready"
        Return
    ${EndIf}
    ; 6: DIGCF_PRESENT | DIGCF_ALLCLASSES
    System::Call 'setupapi::SetupDiGetClassDevsW(p 0, w "PCI", p 0, i 6) p .r0'
    System::Call '*(i 32, g, i, p) p .r1'
    StrLen $5 "${IVSHMEM_PCI}"
    StrCpy $2 0
    ${Do}
        System::Call 'setupapi::SetupDiEnumDeviceInfo(p r0, i r2, p r1) i .r3'
        ${IfThen} $3 = 0 ${|} ${ExitDo} ${|}
        System::Call 'setupapi::SetupDiGetDeviceInstanceIdW(p r0, p r1, w .r4, i ${NSIS_MAX_STRLEN}, p 0)'
        StrCpy $4 $4 $5
        ${If} $4 == "${IVSHMEM_PCI}" ; without case
            StrCpy $DeviceState "driverless"
        ${EndIf}
        IntOp $2 $2 + 1
    ${Loop}
    System::Call 'setupapi::SetupDiDestroyDeviceInfoList(p r0)'
    System::Free $1
FunctionEnd
