// Fills the reader's key into the samples. Nothing is sent or stored.
const field = document.getElementById('own-key')
const input = document.getElementById('key')
if (field !== null && input !== null) {
  const places = [...document.querySelectorAll('.key')].map((place) => ({ place, text: place.textContent }))
  field.hidden = false
  input.addEventListener('input', () => {
    for (const { place, text } of places) place.textContent = input.value.trim() || text
  })
}
