// Adds a button to each block of code that copies it. A page without scripts has no button: it would do nothing there.
// In a block of its own, because the script of every page declares names too.
{
  const COPIED_MS = 2000
  const announcer = document.createElement('p')
  announcer.className = 'usa-sr-only copy-status'
  announcer.setAttribute('role', 'status')
  document.querySelector('main').append(announcer)

  for (const block of document.querySelectorAll('.docs-page pre')) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'copy'
    button.textContent = 'Copy'
    button.addEventListener('click', async () => {
      button.textContent = (await copy(block)) ? 'Copied' : 'Selected: press Ctrl+C'
      announcer.textContent = button.textContent
      setTimeout(() => {
        button.textContent = 'Copy'
        announcer.textContent = ''
      }, COPIED_MS)
    })
    block.before(button)
  }

  // The sidebar of a wide page scrolls by itself: the open document is in sight there.
  const side = document.querySelector('.docs-side')
  const open = side?.querySelector('[aria-current]')
  if (open) side.scrollTop = open.offsetTop - side.clientHeight / 2

  /** Browsers permit the clipboard to secure pages only. Over plain HTTP the text is selected for the reader. */
  async function copy(block) {
    try {
      await navigator.clipboard.writeText(block.textContent)
      return true
    } catch {
      getSelection().selectAllChildren(block)
      return false
    }
  }
}
