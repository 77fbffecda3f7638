; SPDX-License-Identifier: GPL-2.0-or-later
; All the installer's own words: English, and one Portuguese that is good in Brazil and in Portugal. UTF-8.
!macro text NAME ENGLISH PORTUGUESE
    LangString TEXT_${NAME} ${LANG_ENGLISH} "${ENGLISH}"
    LangString TEXT_${NAME} ${LANG_PORTUGUESEBR} "${PORTUGUESE}"
    LangString TEXT_${NAME} ${LANG_PORTUGUESE} "${PORTUGUESE}"
!macroend
!define Text "!insertmacro text"
!define PARAGRAPH "$\r$\n$\r$\n"

${Text} WELCOME \
    "Espelho shows the desktop of this virtual machine in a window on the Linux computer that runs it.${PARAGRAPH}\
     This installs the part that runs in Windows. The viewer on Linux is a program of its own." \
    "O Espelho mostra a área de trabalho desta máquina virtual numa janela do computador Linux que a executa.${PARAGRAPH}\
     Este programa instala a parte que fica no Windows. O visualizador, no Linux, é um programa à parte."
${Text} LICENCE \
    "Espelho is free software: you may use, change and share it. There is nothing to accept." \
    "O Espelho é software livre: pode ser usado, alterado e compartilhado. Não há nada a aceitar."

${Text} PROGRAM "Espelho host" "Espelho host"
${Text} PROGRAM_MORE "The program." "O programa."
${Text} SERVICE "Start with Windows" "Iniciar com o Windows"
${Text} SERVICE_MORE \
    "A Windows service that starts before anybody logs on. Without it, start espelho-host.exe yourself." \
    "Um serviço do Windows que começa antes de alguém entrar. Sem ele, é preciso iniciar espelho-host.exe à mão."
${Text} START_MENU "Start menu" "Menu Iniciar"
${Text} START_MENU_MORE "Shortcuts to logs, settings and instructions." "Atalhos para registros, configurações e instruções."
${Text} LINK_LOGS "Log folder" "Pasta de registros"
${Text} LINK_SETTINGS "Settings" "Configurações"
${Text} LINK_README "Instructions" "Instruções"
${Text} LINK_UNINSTALL "Uninstall Espelho" "Desinstalar o Espelho"
${Text} README_FILE "README.txt" "LEIAME.txt"
${Text} SHOW_README "Show the instructions" "Mostrar as instruções"

${Text} NOT_X64 \
    "Espelho needs 64-bit Windows on an x86-64 processor. Nothing was installed." \
    "O Espelho precisa do Windows de 64 bits num processador x86-64. Nada foi instalado."
${Text} OLD_WINDOWS \
    "Espelho needs Windows 10 version 1809 (build ${FIRST_BUILD}) or newer. Nothing was installed." \
    "O Espelho precisa do Windows 10 versão 1809 (compilação ${FIRST_BUILD}) ou mais recente. Nada foi instalado."
${Text} COPY_FAILED \
    "The files could not be copied to $INSTDIR. Is the disk full, or is the folder in use? Close what uses it and try again." \
    "Não foi possível copiar os arquivos para $INSTDIR. O disco está cheio ou a pasta está em uso? Feche o que a usa e tente de novo."
${Text} SERVICE_FAILED \
    "The program is installed, but its service could not be started:${PARAGRAPH}$ServiceFailed" \
    "O programa está instalado, mas o seu serviço não pôde ser iniciado:${PARAGRAPH}$ServiceFailed"

${Text} DEVICE_TITLE "One thing is missing" "Falta uma coisa"
${Text} DEVICE_SUBTITLE \
    "Installed; it waits for the memory shared with Linux." \
    "Instalado; espera pela memória compartilhada com o Linux."
${Text} DEVICE_MISSING \
    "This virtual machine has no shared memory device (IVSHMEM).${PARAGRAPH}\
     1. On Linux, 'espelho size 2560x1440' (your largest mode) prints the lines for 'virsh edit'.${PARAGRAPH}\
     2. Shut Windows down, add the lines, start the virtual machine again.${PARAGRAPH}\
     3. Install the device's driver, IVSHMEM, from the virtio-win project. The instructions say where to get it and how.${PARAGRAPH}\
     Nothing has to be installed again afterwards: the service keeps looking for the device." \
    "Esta máquina virtual não tem o dispositivo de memória compartilhada (IVSHMEM).${PARAGRAPH}\
     1. No Linux, 'espelho size 2560x1440' (a sua maior resolução) mostra as linhas para 'virsh edit'.${PARAGRAPH}\
     2. Desligue o Windows, acrescente as linhas e ligue a máquina virtual de novo.${PARAGRAPH}\
     3. Instale o driver do dispositivo, IVSHMEM, do projeto virtio-win. As instruções dizem onde obtê-lo e como.${PARAGRAPH}\
     Depois disso não é preciso instalar nada de novo: o serviço continua procurando o dispositivo."
${Text} DEVICE_DRIVERLESS \
    "The shared memory device (IVSHMEM) is there, but its driver is not installed.${PARAGRAPH}\
     1. Get the driver from the virtio-win project; the instructions say where.${PARAGRAPH}\
     2. Open Device Manager. The device is under System devices or Other devices: 'PCI standard RAM Controller'.${PARAGRAPH}\
     3. Right-click it, Update driver, Browse my computer, choose the folder with ivshmem.inf.${PARAGRAPH}\
     Nothing has to be installed again afterwards: the service keeps looking for the device." \
    "O dispositivo de memória compartilhada (IVSHMEM) existe, mas o seu driver não está instalado.${PARAGRAPH}\
     1. Obtenha o driver do projeto virtio-win; as instruções dizem onde.${PARAGRAPH}\
     2. Abra o Gerenciador de Dispositivos (em Portugal: Gestor de dispositivos). O dispositivo está em dispositivos do sistema ou \
     em outros dispositivos: 'PCI standard RAM Controller', ou 'Controlador de RAM padrão PCI'.${PARAGRAPH}\
     3. Clique nele com o botão direito, Atualizar driver, procurar no computador, e escolha a pasta com ivshmem.inf.${PARAGRAPH}\
     Depois disso não é preciso instalar nada de novo: o serviço continua procurando o dispositivo."

${Text} UNINSTALL_MORE \
    "The program and its service. Logs and settings stay in ProgramData\Espelho." \
    "O programa e o seu serviço. Registros e configurações ficam em ProgramData\Espelho."
${Text} DATA "Logs and settings" "Registros e opções"
${Text} DATA_MORE "Removes ProgramData\Espelho as well." "Remove também ProgramData\Espelho."
